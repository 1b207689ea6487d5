using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;

namespace Exai.Browser.Tests.Harness;

/// <summary>
/// A machine in the midst of its day: answered and failed calls behind it, a thread of two turns, one call thinking, one answering, one
/// waiting for a permit, from two clients.
/// </summary>
internal sealed class Scene : IAsyncDisposable
{
    private static readonly SimulatorRule[] Rules =
    [
        new() { PromptContains = "race", FirstTokenMs = 50, TokensPerSecond = 40, ReasoningTokens = 100_000 },
        new() { PromptContains = "migration", FirstTokenMs = 50, TokensPerSecond = 60, ReasoningTokens = 0, AnswerTokens = 100_000 },
        new() { PromptContains = "weather", Status = 400, ErrorCode = "1210", ErrorMessage = "Incorrect API call parameters" },
        new() { FirstTokenMs = 120, ReasoningTokens = 0, AnswerTokens = 180, TokensPerSecond = 400 },
    ];

    private Scene(ExaiHomeFixture machine) => Machine = machine;

    public ExaiHomeFixture Machine { get; }

    public static async Task<Scene> CreateAsync()
    {
        var machine = await ExaiHomeFixture.CreateAsync(Rules, ("EXAI_FALLBACK", "never"));
        var editor = await ClientAsync(machine, "vscode", "1.112.0");
        var terminal = await ClientAsync(machine, "claude-code", "2.4.1");
        var first = await terminal.ChatAsync("Which index would make this query faster, and what does it cost at each write?");
        await terminal.ChatAsync("And if the table is partitioned by month?", first.Thread);
        await editor.ChatAsync("Is this regular expression safe against catastrophic backtracking?");
        await editor.ChatAsync("What will the weather be like tomorrow?");
        await terminal.SendCallAsync("chat", Arguments("Where is the race in this ring buffer?", ("thinking_mode", "high")));
        await machine.Simulator.AskedAsync("ring buffer", tokens: 1);
        await editor.SendChatAsync("Write the migration step by step, with a way back.");
        await machine.Simulator.AskedAsync("migration", tokens: 1);
        await editor.SendChatAsync("Compare these two designs for the cache.");
        return new Scene(machine);
    }

    public ValueTask DisposeAsync() => Machine.DisposeAsync();

    private static JsonObject Arguments(string prompt, params (string Name, string Value)[] more)
    {
        var arguments = new JsonObject { ["prompt"] = prompt };
        foreach (var (name, value) in more)
        {
            arguments[name] = value;
        }

        return arguments;
    }

    private static async Task<ShimProcess> ClientAsync(ExaiHomeFixture machine, string name, string version)
    {
        var shim = machine.StartShim();
        var hello = ShimProcess.HelloParameters();
        hello["clientInfo"] = new JsonObject { ["name"] = name, ["version"] = version };
        await shim.RequestAsync("initialize", hello);
        await shim.SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        return shim;
    }
}
