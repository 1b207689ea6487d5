using System.Diagnostics;
using System.Text.RegularExpressions;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;

namespace Exai.EndToEnd.Tests;

/// <summary>The main promise: a call in flight when the daemon dies is answered, once, with its own result.</summary>
public sealed partial class KillTests(ITestOutputHelper output)
{
    private const int Runs = 30;
    private const int AnswerTokens = 40;

    [Fact]
    public async Task Thirty_calls_in_a_row_survive_a_kill_of_the_daemon_at_a_random_moment()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        output.WriteLine($"seed {seed}");
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(AnswerTokens)]);
        var shim = await machine.StartClientAsync();
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        await using var journal = Journal.Open(machine);
        var calls = new List<(string Id, string Marker)>();

        for (var run = 1; run <= Runs; run++)
        {
            var daemon = await machine.Daemon.RunningAsync();
            var marker = $"marker-{run:000}-{random.Next():x8}";
            var (moment, reached) = Moment(run, marker, machine.Simulator, journal, random);
            var sentAt = shim.Elapsed;
            var id = await shim.SendChatAsync($"What is {marker}?");
            calls.Add((id, marker));

            await reached();
            var killedAt = shim.Elapsed;
            LinuxProcesses.Send(daemon.Pid, Signal.Kill);

            var reply = await shim.ReplyAsync(id);
            output.WriteLine(
                $"run {run,2}: kill at {(killedAt - sentAt).TotalMilliseconds,4:0} ms ({moment}), answer at {(reply.Line.At - sentAt).TotalMilliseconds,5:0} ms, " +
                $"asked {machine.Simulator.Asked(marker).Count}x, recovered {reply.Receipt["recovered"]}");
            reply.IsError.ShouldBeFalse(reply.Text);
            Markers().Matches(reply.Text).Select(match => match.Value).Distinct().ShouldBe([marker]);
            await machine.Daemon.GoneAsync(daemon.Pid);
            if (moment == "journaled")
            {
                machine.Simulator.Asked(marker).Count.ShouldBe(1, "an answer that is journaled is never bought again");
            }

            // The next run needs a daemon to kill; a shim looks for one by itself.
            (await machine.Daemon.RunningAsync(otherThan: daemon.Epoch)).Pid.ShouldNotBe(daemon.Pid);
        }

        shim.HasExited.ShouldBeFalse();
        await shim.PingAsync();
        foreach (var (id, marker) in calls)
        {
            shim.Responses(id).Count.ShouldBe(1, marker);
            machine.Simulator.Asked(marker).Count.ShouldBeInRange(1, 2, marker);
        }
    }

    [Fact]
    public async Task An_answer_that_was_journaled_but_lost_on_its_way_is_replayed_by_the_next_daemon_and_not_bought_again()
    {
        await using var proxy = new LinkProxy();
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(AnswerTokens)], ("EXAI_WS_TOKEN", "the-token-that-both-share"));
        await machine.Daemon.StartAsync();
        var shim = await ClientBehindAsync(proxy, machine);
        await using var journal = Journal.Open(machine);

        var id = await shim.SendChatAsync("What is marker-lost?");
        await machine.Simulator.AskedAsync("marker-lost", tokens: 1);
        proxy.LoseAnswers();
        await journal.OutcomeAsync("marker-lost");
        await machine.Daemon.KillAsync();
        await machine.Daemon.StartAsync();
        proxy.DaemonPort = machine.Daemon.Health!.Port;
        proxy.Cut();

        var reply = await shim.ReplyAsync(id);
        reply.Text.ShouldContain("marker-lost");
        ((string?)reply.Receipt["recovered"]).ShouldBe("replayed");
        ((int?)reply.Receipt["runs"]).ShouldBe(1);
        machine.Simulator.Asked("marker-lost").Count.ShouldBe(1);
        await shim.PingAsync();
        shim.Responses(id).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_link_that_breaks_under_a_running_call_attaches_to_it_again_and_the_provider_is_asked_once()
    {
        await using var proxy = new LinkProxy();
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(200)], ("EXAI_WS_TOKEN", "the-token-that-both-share"));
        await machine.Daemon.StartAsync();
        var shim = await ClientBehindAsync(proxy, machine);

        var id = await shim.SendChatAsync("What is marker-cut?");
        var request = await machine.Simulator.AskedAsync("marker-cut", tokens: 5);
        proxy.Cut();

        var reply = await shim.ReplyAsync(id);
        reply.Text.ShouldContain("marker-cut");
        ((string?)reply.Receipt["recovered"]).ShouldBe("attached");
        request.Outcome.ShouldBe(SimulatorOutcome.Completed);
        machine.Simulator.Asked("marker-cut").Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_call_that_loses_its_daemon_too_often_ends_interrupted_and_not_in_an_endless_series_of_purchases()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(400)], ("EXAI_CALL_MAX_RUNS", "2"));
        var shim = await machine.StartClientAsync();

        var id = await shim.SendChatAsync("What is marker-unlucky?");
        for (var kill = 1; kill <= 2; kill++)
        {
            await machine.Simulator.Log.WaitForAsync(_ => machine.Simulator.Asked("marker-unlucky").Count == kill, Patience.Token());
            await machine.Daemon.KillAsync();
        }

        var reply = await shim.ReplyAsync(id);
        reply.Code.ShouldBe("INTERRUPTED");
        machine.Simulator.Asked("marker-unlucky").Count.ShouldBe(2);
    }

    [Fact]
    public async Task Calls_of_two_clients_that_are_in_flight_together_survive_the_same_kill_uncrossed()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(80)]);
        var shims = new[] { await machine.StartClientAsync(), await machine.StartClientAsync() };
        foreach (var shim in shims)
        {
            (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        }

        // The same ids and almost the same questions: only the call ids keep them apart.
        string[] markers = ["marker-a1", "marker-a2", "marker-b1", "marker-b2"];
        await Task.WhenAll(markers.Select((marker, index) => shims[index / 2].SendChatAsync($"What is {marker}?", id: $"{(index % 2) + 1}")));
        await Task.WhenAll(markers.Select(marker => machine.Simulator.AskedAsync(marker)));
        await machine.Daemon.KillAsync();

        for (var index = 0; index < markers.Length; index++)
        {
            var id = $"{(index % 2) + 1}";
            var reply = await shims[index / 2].ReplyAsync(id);
            Markers().Matches(reply.Text).Select(match => match.Value).Distinct().ShouldBe([markers[index]]);
            shims[index / 2].Responses(id).Count.ShouldBe(1);
            machine.Simulator.Asked(markers[index]).Count.ShouldBeInRange(1, 2);
        }
    }

    /// <summary>A shim of another home, which knows the daemon only by the proxy's address.</summary>
    private static async Task<ShimProcess> ClientBehindAsync(LinkProxy proxy, ExaiHomeFixture machine)
    {
        proxy.DaemonPort = machine.Daemon.Health!.Port;
        var shim = await machine.StartClientAsync(("EXAI_HOME", machine.Folder("client-home")), ("EXAI_WS_PORT", $"{proxy.Port}"), ("EXAI_WS_AUTOSTART", "false"));
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        return shim;
    }

    /// <summary>Moments between the sending of a call and its answer, each waited for by what can be seen of it.</summary>
    private static (string Name, Func<Task> Reached) Moment(int run, string marker, SimulatorServer simulator, Journal journal, Random random)
    {
        var tokens = random.Next(1, AnswerTokens);
        var spin = TimeSpan.FromMicroseconds(random.Next(0, 20_000));
        return (run % 6) switch
        {
            0 => ("at once", () => Task.CompletedTask),
            1 => ($"before it is accepted, or just after: {spin.TotalMilliseconds:0.0} ms", () => SpinAsync(spin)),
            2 => ("accepted", () => Patience.ForAsync("the call is in the journal", () => journal.Knows(marker))),
            3 => ($"token {tokens}", () => simulator.AskedAsync(marker, tokens)),
            4 => ("last token", () => simulator.AskedAsync(marker, AnswerTokens)),
            _ => ("journaled", () => journal.OutcomeAsync(marker)),
        };
    }

    /// <summary>Milliseconds as exact as they get: the moment itself is what is tried here, nothing is waited for.</summary>
    private static Task SpinAsync(TimeSpan time)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            Thread.SpinWait(20);
        }

        return Task.CompletedTask;
    }

    [GeneratedRegex("marker-[0-9a-z-]+")]
    private static partial Regex Markers();
}
