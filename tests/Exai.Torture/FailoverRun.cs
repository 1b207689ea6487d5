using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Exai.Settings.Home;
using Exai.Simulator;

namespace Exai.Torture;

/// <summary>
/// How long a call is without a daemon when the one that runs it is killed: three daemons with process ids of their own share a database, shims that know all
/// of them have a call each in flight, and the daemons are killed in turn. Printed are, from the kill on, the link to another daemon, the call's running
/// there, and its answer.
/// </summary>
internal static class FailoverRun
{
    private const int Daemons = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    /// <summary>A second of answer, of which the kill finds every call in the middle.</summary>
    private static readonly SimulatorRule Rule = new() { FirstTokenMs = 50, TokensPerSecond = 100, AnswerTokens = 200, ReasoningTokens = 0 };

    /// <returns>The exit code: 1 when a call was not answered as it should be.</returns>
    public static async Task<int> RunAsync(TortureOptions options, int shims, TextWriter output, TimeProvider time)
    {
        var load = Figures.Load();
        options = options with { Shims = shims, Calls = shims, Kills = Math.Max(options.Kills, 1) };
        var findings = new Findings(output);
        var machine = await Machine.StartAsync(options, Plan.Draw(options), time);
        machine.Provider.Script = new SimulatorScript { Rules = [Rule] };
        List<Bridge> bridges = [];
        List<double> links = [], runs = [], answers = [];
        try
        {
            var daemons = await Task.WhenAll(Enumerable.Range(0, Daemons).Select(number => StartAsync(machine, number, port: 0, time)));
            var endpoints = string.Join(',', daemons.Select(daemon => $"127.0.0.1:{daemon.Port}"));
            bridges.AddRange(Enumerable.Range(0, shims).Select(shim => machine.StartFarBridge(shim, endpoints, findings)));
            await Task.WhenAll(bridges.Select(bridge => bridge.InitializeAsync(Patience)));
            for (var round = 0; round < options.Kills; round++)
            {
                var victim = round % Daemons;
                var (killedAt, calls) = await RoundAsync(machine, bridges, daemons[victim], round, findings, time);
                links.AddRange(Links(machine, killedAt));
                foreach (var call in calls.Where(call => call.RanAgainAt is not null))
                {
                    runs.Add((call.RanAgainAt!.Value - killedAt).TotalMilliseconds);
                    answers.Add((call.AnsweredAt - killedAt).TotalMilliseconds);
                }

                daemons[victim] = await StartAsync(machine, victim, daemons[victim].Port, time);
            }
        }
        finally
        {
            foreach (var bridge in bridges)
                await bridge.DisposeAsync();
            await machine.DisposeAsync();
        }

        machine.Delete();
        output.WriteLine($"{options.Kills} kills under {shims} shims with a call each; {runs.Count} calls lost their daemon. ms from the kill:");
        output.WriteLine($"  link to another daemon   {Figures.Summary(links)}");
        output.WriteLine($"  the call runs there      {Figures.Summary(runs)}");
        output.WriteLine($"  its answer               {Figures.Summary(answers)}, {1000 * Rule.AnswerTokens / Rule.TokensPerSecond + Rule.FirstTokenMs:0} of which the provider takes");
        output.WriteLine($"  {Environment.ProcessorCount} processors, load before {load}, after {Figures.Load()}");
        return findings.Violations > 0 || runs.Count == 0 ? 1 : 0;
    }

    /// <summary>Every shim asks; when all calls run, one daemon is killed; every call is answered, with its own answer.</summary>
    private static async Task<(DateTimeOffset KilledAt, IReadOnlyList<Call> Calls)> RoundAsync(
        Machine machine, List<Bridge> bridges, Daemon victim, int round, Findings findings, TimeProvider time)
    {
        var markers = bridges.Select((_, shim) => $"marker-{round}-{shim}.").ToList();
        var replies = bridges.Select((bridge, shim) => bridge.RequestAsync(
            "tools/call", new JsonObject { ["name"] = "chat", ["arguments"] = new JsonObject { ["prompt"] = $"What is {markers[shim]}" } }, Patience)).ToList();
        await UntilAsync("all calls run", () => markers.All(marker => Asked(machine, marker).Any(request => request.TokensSent > 5)), time);

        var killedAt = time.GetUtcNow();
        victim.Process.Kill();
        var answers = await Task.WhenAll(replies);
        List<Call> calls = [];
        for (var shim = 0; shim < answers.Length; shim++)
        {
            if (answers[shim] is not { } answer || !answer.Message.ToJsonString().Contains(markers[shim], StringComparison.Ordinal))
            {
                findings.Violation(answers[shim] is null ? "lost" : "failed", $"round {round}, shim {shim}: {answers[shim]?.Message.ToJsonString() ?? "no answer"}");
                continue;
            }

            var again = Asked(machine, markers[shim]).Skip(1).FirstOrDefault();
            calls.Add(new Call(again?.At, answer.At));
        }

        return (killedAt, calls);
    }

    private static async Task<Daemon> StartAsync(Machine machine, int number, int port, TimeProvider time)
    {
        var home = new ExaiHome(Path.Combine(machine.Folder, $"daemon{number}"));
        var process = machine.StartFarDaemon(home, port);
        var before = HealthFile.TryRead(home)?.Epoch;
        await UntilAsync("a daemon", () => HealthFile.TryRead(home) is { } health && health.Epoch != before, time);
        return new Daemon(process, HealthFile.TryRead(home)!.Port);
    }

    private static IEnumerable<SimulatorRequest> Asked(Machine machine, string marker) =>
        machine.Provider.Log.Chats.Where(request => request.Body.GetRawText().Contains(marker, StringComparison.Ordinal));

    /// <summary>Of each shim that lost its link by this kill, by its own log.</summary>
    private static IEnumerable<double> Links(Machine machine, DateTimeOffset killedAt)
    {
        foreach (var log in Directory.EnumerateFiles(Path.Combine(machine.Folder, "far-home", "logs"), "shim-*.log"))
        {
            using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            while (reader.ReadLine() is { } line)
            {
                if (line.Contains("Connected to daemon", StringComparison.Ordinal) && DateTimeOffset.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture) is var at && at >= killedAt)
                {
                    yield return (at - killedAt).TotalMilliseconds;
                    break;
                }
            }
        }
    }

    private static async Task UntilAsync(string what, Func<bool> holds, TimeProvider time)
    {
        var limit = time.GetUtcNow() + Patience;
        while (!holds())
        {
            if (time.GetUtcNow() > limit)
                throw new TimeoutException($"Not within {Patience.TotalSeconds:0} s: {what}.");
            await Task.Delay(Poll, time);
        }
    }

    private sealed record Daemon(Process Process, int Port);

    private sealed record Call(DateTimeOffset? RanAgainAt, DateTimeOffset AnsweredAt);
}
