using System.Text.Json.Nodes;

namespace Exai.Cli.Clients;

/// <summary>The clients that <c>exai install</c> knows.</summary>
internal static class ClientCatalogue
{
    public static IReadOnlyList<McpClientApp> All { get; } =
    [
        new()
        {
            Id = "claude-code", Title = "Claude Code", File = on => on.Variables("CLAUDE_CONFIG_DIR") is { Length: > 0 } given ? Path.Combine(given, ".claude.json") : on.In(".claude.json"),
            Entry = Typed, Then = "Start a new session; '/mcp' shows the server.",
        },
        new()
        {
            Id = "claude-desktop", Title = "Claude Desktop", File = on => Path.Combine(on.ApplicationData, "Claude", "claude_desktop_config.json"),
            Then = "Quit Claude Desktop and start it again.",
        },
        new()
        {
            Id = "vscode", Title = "VS Code", File = on => Path.Combine(on.ApplicationData, "Code", "User", "mcp.json"), Servers = "servers", Entry = Typed,
            Then = "Run 'MCP: List Servers' and start exai; agent mode then has its tools.",
        },
        new() { Id = "cursor", Title = "Cursor", File = on => on.In(".cursor", "mcp.json"), Then = "Switch exai on under Settings, MCP." },
        new() { Id = "augment", Title = "Augment", File = on => on.In(".augment", "settings.json"), Then = "Start a new session." },
        new()
        {
            Id = "codex", Title = "Codex", File = on => on.Variables("CODEX_HOME") is { Length: > 0 } given ? Path.Combine(given, "config.toml") : on.In(".codex", "config.toml"),
            Format = ClientFormat.Toml, Servers = "mcp_servers", Then = "Start a new session; '/mcp' shows the server.",
        },
        new() { Id = "gemini", Title = "Gemini CLI", File = on => on.In(".gemini", "settings.json"), Then = "Start a new session; '/mcp' shows the server." },
        new()
        {
            Id = "opencode", Title = "opencode", File = on => FirstThere(Path.Combine(on.Config, "opencode"), "opencode.json", "opencode.jsonc"), Servers = "mcp",
            Entry = program => new JsonObject
            {
                ["type"] = "local",
                ["command"] = new JsonArray([JsonValue.Create(program.File), .. program.Arguments.Select(argument => JsonValue.Create(argument))]),
                ["enabled"] = true,
            },
            Then = "Start a new session; 'opencode mcp list' shows the server.",
        },
        new()
        {
            Id = "zed", Title = "Zed", File = on => on.System == ClientSystem.Windows ? Path.Combine(on.ApplicationData, "Zed", "settings.json") : Path.Combine(on.Config, "zed", "settings.json"),
            Servers = "context_servers", Entry = Sourced, Then = "Zed reads it at once; the agent panel's settings show the server.",
        },
        new() { Id = "windsurf", Title = "Windsurf", File = on => on.In(".codeium", "windsurf", "mcp_config.json"), Then = "Press refresh in the MCP panel." },
        new()
        {
            Id = "cline", Title = "Cline",
            File = on => Path.Combine(on.ApplicationData, "Code", "User", "globalStorage", "saoudrizwan.claude-dev", "settings", "cline_mcp_settings.json"),
            Entry = program => With(McpClientApp.Plain(program), "disabled", false), Then = "Cline reads it at once.",
        },
    ];

    public static McpClientApp? Find(string id) => All.FirstOrDefault(client => client.Id.Equals(id, StringComparison.OrdinalIgnoreCase));

    private static JsonObject Typed(ProgramCommand program) =>
        new() { ["type"] = "stdio", ["command"] = program.File, ["args"] = McpClientApp.Arguments(program) };

    private static JsonObject Sourced(ProgramCommand program) =>
        new() { ["source"] = "custom", ["command"] = program.File, ["args"] = McpClientApp.Arguments(program), ["env"] = new JsonObject() };

    private static JsonObject With(JsonObject entry, string name, bool value)
    {
        entry[name] = value;
        return entry;
    }

    private static string FirstThere(string folder, params string[] names) =>
        Path.Combine(folder, names.FirstOrDefault(name => File.Exists(Path.Combine(folder, name))) ?? names[0]);
}
