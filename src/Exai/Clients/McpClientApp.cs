using System.Text.Json.Nodes;

namespace Exai.Cli.Clients;

/// <summary>How a client's configuration file is written.</summary>
internal enum ClientFormat
{
    /// <summary>JSON, in which comments and trailing commas may stand.</summary>
    Json,

    Toml,
}

/// <summary>One MCP client: where it keeps its servers and what an entry looks like there.</summary>
internal sealed record McpClientApp
{
    public const string EntryName = "exai";

    /// <summary>As users type it: <c>claude-code</c>.</summary>
    public required string Id { get; init; }

    public required string Title { get; init; }

    public required Func<ClientPlatform, string> File { get; init; }

    public ClientFormat Format { get; init; } = ClientFormat.Json;

    /// <summary>The member of the file that holds the servers.</summary>
    public string Servers { get; init; } = "mcpServers";

    /// <summary>An entry for the program and its arguments; JSON clients only.</summary>
    public Func<ProgramCommand, JsonObject> Entry { get; init; } = Plain;

    /// <summary>What the user does for the change to count.</summary>
    public required string Then { get; init; }

    public static JsonObject Plain(ProgramCommand program) => new() { ["command"] = program.File, ["args"] = Arguments(program) };

    public static JsonArray Arguments(ProgramCommand program) => [.. program.Arguments.Select(argument => JsonValue.Create(argument))];
}

/// <summary>What a client runs.</summary>
internal sealed record ProgramCommand(string File, IReadOnlyList<string> Arguments)
{
    /// <summary>This program as a shim.</summary>
    public static ProgramCommand Shim()
    {
        var (file, arguments) = Exai.Shim.Lifecycle.ProcessLauncher.ThisProgram();
        return new ProgramCommand(file, [.. arguments.Select(Path.GetFullPath), "shim"]);
    }
}
