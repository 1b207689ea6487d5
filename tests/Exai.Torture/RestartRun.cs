using System.Text.Json.Nodes;
using Exai.Simulator;

namespace Exai.Torture;

/// <summary>
/// What a user notices of <c>exai restart</c>: how long a call waits that is sent while the daemons change places, and whether one that was in flight is answered.
/// </summary>
internal static class RestartRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    /// <summary>Three seconds of answer: it begins before the restart and ends after it.</summary>
    private static readonly SimulatorRule Rule = new() { FirstTokenMs = 50, TokensPerSecond = 100, AnswerTokens = 300, ReasoningTokens = 0 };

    /// <returns>The exit code: 1 when a call was not answered as it should be.</returns>
    public static async Task<int> RunAsync(TortureOptions options, int restarts, TextWriter output, TimeProvider time)
    {
        var load = Figures.Load();
        options = options with { Shims = 1, Calls = 1 };
        var findings = new Findings(output);
        var machine = await Machine.StartAsync(options, Plan.Draw(options), time);
        machine.Provider.Script = new SimulatorScript { Rules = [Rule] };
        var bridge = machine.StartBridge(0, findings);
        List<double> gaps = [], calm = [], whole = [];
        try
        {
            await bridge.InitializeAsync(Patience);
            await VersionAsync(bridge, time);
            for (var round = 1; round <= restarts; round++)
            {
                calm.Add(await VersionAsync(bridge, time));
                var (gap, restart) = await RoundAsync(machine, bridge, round, findings, time);
                gaps.Add(gap);
                whole.Add(restart);
                await Task.Delay(Rest, time);
            }
        }
        finally
        {
            await bridge.DisposeAsync();
            await machine.DisposeAsync();
        }

        machine.Delete();
        output.WriteLine($"{restarts} restarts, each under a chat in flight. ms:");
        output.WriteLine($"  longest time that a call waited  {Figures.Summary(gaps)}; without a restart {Figures.Summary(calm)}");
        output.WriteLine($"  exai restart, from end to end    {Figures.Summary(whole)}");
        output.WriteLine($"  {Environment.ProcessorCount} processors, load before {load}, after {Figures.Load()}");
        return findings.Violations > 0 ? 1 : 0;
    }

    /// <summary>One restart; calls follow each other until the new daemon serves and the command has ended.</summary>
    /// <returns>Milliseconds: of the longest call, and of the command.</returns>
    private static async Task<(double Gap, double Restart)> RoundAsync(Machine machine, Bridge bridge, int round, Findings findings, TimeProvider time)
    {
        var marker = $"marker-{round}.";
        var old = machine.Health?.Epoch;
        var chat = bridge.RequestAsync(
            "tools/call", new JsonObject { ["name"] = "chat", ["arguments"] = new JsonObject { ["prompt"] = $"What is {marker}" } }, Patience);
        while (!machine.Provider.Log.Chats.Any(request => request.Body.GetRawText().Contains(marker, StringComparison.Ordinal) && request.TokensSent > 5))
            await Task.Delay(TimeSpan.FromMilliseconds(5), time);

        var began = time.GetTimestamp();
        var longest = 0.0;
        var restarting = RestartAsync();
        do
        {
            longest = Math.Max(longest, await VersionAsync(bridge, time));
        }
        while (!restarting.IsCompleted || machine.Health is not { } health || health.Epoch == old);

        if (await chat is not { } answer || !answer.Message.ToJsonString().Contains(marker, StringComparison.Ordinal))
            findings.Violation("lost", $"restart {round}: the chat that was in flight has no answer of its own");
        return (longest, await restarting);

        async Task<double> RestartAsync()
        {
            await machine.RestartAsync();
            return time.GetElapsedTime(began).TotalMilliseconds;
        }
    }

    /// <returns>Milliseconds until the answer.</returns>
    private static async Task<double> VersionAsync(Bridge bridge, TimeProvider time)
    {
        var sent = time.GetTimestamp();
        var answer = await bridge.RequestAsync("tools/call", new JsonObject { ["name"] = "version", ["arguments"] = new JsonObject() }, Patience);
        if (answer is null || answer.Message["error"] is not null || (bool?)answer.Message["result"]?["isError"] == true)
            throw new FormatException($"A call of `version` failed: {answer?.Message.ToJsonString() ?? "no answer"}");
        return time.GetElapsedTime(sent).TotalMilliseconds;
    }
}
