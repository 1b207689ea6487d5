using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;
using Exai.Simulator;

namespace Exai.EndToEnd.Tests;

/// <summary><c>exai restart</c>: two generations overlap, and clients notice a short pause at most. Traps 142, 153.</summary>
public sealed class RestartTests(ITestOutputHelper output)
{
    private static readonly SimulatorRule TenSeconds = new() { Times = 1, FirstTokenMs = 50, TokensPerSecond = 30, AnswerTokens = 300, ReasoningTokens = 0 };

    [Fact]
    public async Task The_old_daemon_finishes_its_call_beside_the_new_one_and_new_calls_are_answered_meanwhile()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([TenSeconds]);
        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);
        var old = await machine.Daemon.RunningAsync();
        var shim = await machine.StartClientAsync();
        var before = (await shim.CallAsync("version")).Text;
        var running = await shim.SendChatAsync("What is marker-running?");
        var request = await machine.Simulator.AskedAsync("marker-running", tokens: 5);

        var restarting = machine.RunAsync(["restart"]);
        var gap = await LongestPauseAsync(shim, until: () => machine.Daemon.Health is { } health && health.Epoch != old.Epoch && restarting.IsCompleted);

        var restarted = await restarting;
        restarted.ExitCode.ShouldBe(0, restarted.ToString());
        var serving = await machine.Daemon.RunningAsync(otherThan: old.Epoch);
        serving.Port.ShouldBe(old.Port);
        (await shim.CallAsync("version")).Text.ShouldNotBe(before);
        LinuxProcesses.IsAlive(old.Pid).ShouldBeTrue("its call still runs");
        shim.Responses(running).ShouldBeEmpty();
        (await shim.ChatAsync("What is marker-new?")).Text.ShouldContain("marker-new");

        var reply = await shim.ReplyAsync(running);
        reply.Text.ShouldContain("marker-running");
        ((int?)reply.Receipt["runs"]).ShouldBe(1);
        await machine.Daemon.GoneAsync(old.Pid);
        request.Outcome.ShouldBe(SimulatorOutcome.Completed);
        machine.Simulator.Asked("marker-running").Count.ShouldBe(1);
        machine.Daemon.Health!.Epoch.ShouldBe(serving.Epoch);
        machine.Daemon.Pids.ShouldBe([serving.Pid]);
        await shim.PingAsync();
        shim.Responses(running).Count.ShouldBe(1);
        output.WriteLine($"longest time that a call had to wait during the restart: {gap.TotalMilliseconds:0} ms");
        gap.ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task The_new_daemon_takes_the_call_over_when_the_old_one_dies_before_it_has_finished_it()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([TenSeconds]);
        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);
        var old = await machine.Daemon.RunningAsync();
        var shim = await machine.StartClientAsync();
        var running = await shim.SendChatAsync("What is marker-orphan?");
        await machine.Simulator.AskedAsync("marker-orphan", tokens: 5);

        (await machine.RunAsync(["restart"])).ExitCode.ShouldBe(0);
        LinuxProcesses.Send(old.Pid, Signal.Kill);

        var reply = await shim.ReplyAsync(running);
        reply.Text.ShouldContain("marker-orphan");
        ((int?)reply.Receipt["runs"]).ShouldBe(2);
        machine.Simulator.Asked("marker-orphan").Count.ShouldBe(2);
        shim.Responses(running).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_daemon_that_is_killed_while_it_recovers_a_call_is_followed_by_one_that_recovers_it_again()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(600)], ("EXAI_CALL_MAX_RUNS", "5"));
        var shim = await machine.StartClientAsync();
        var id = await shim.SendChatAsync("What is marker-twice?");
        await machine.Simulator.AskedAsync("marker-twice", tokens: 1);
        await machine.Daemon.KillAsync();

        // Each of these daemons has taken the call over and is in the middle of running it again.
        for (var run = 2; run <= 4; run++)
        {
            await machine.Simulator.Log.WaitForAsync(_ => machine.Simulator.Asked("marker-twice").Count == run, Patience.Token());
            await machine.Daemon.KillAsync();
        }

        var reply = await shim.ReplyAsync(id);
        reply.Text.ShouldContain("marker-twice");
        ((int?)reply.Receipt["runs"]).ShouldBe(5);
        await shim.PingAsync();
        shim.Responses(id).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Restart_now_leaves_the_running_call_to_the_new_daemon()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([new SimulatorRule { Times = 1, TokensPerSecond = 5, AnswerTokens = 400, ReasoningTokens = 0 }]);
        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);
        var old = await machine.Daemon.RunningAsync();
        var shim = await machine.StartClientAsync();
        var id = await shim.SendChatAsync("What is marker-now?");
        await machine.Simulator.AskedAsync("marker-now", tokens: 1);

        (await machine.RunAsync(["restart", "--now"])).ExitCode.ShouldBe(0);

        await machine.Daemon.GoneAsync(old.Pid);
        var reply = await shim.ReplyAsync(id);
        reply.Text.ShouldContain("marker-now");
        ((int?)reply.Receipt["runs"]).ShouldBe(2);
        shim.Responses(id).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_daemon_that_does_not_answer_goes_on_until_it_is_ended_now()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);
        var old = await machine.Daemon.RunningAsync();
        LinuxProcesses.Send(old.Pid, Signal.Stop);

        var refused = await machine.RunAsync(["restart"]);

        refused.ExitCode.ShouldBe(1);
        refused.Errors.ShouldContain("did not make way");
        refused.Errors.ShouldContain("exai restart --now");
        LinuxProcesses.IsAlive(old.Pid).ShouldBeTrue();

        (await machine.RunAsync(["restart", "--now"])).ExitCode.ShouldBe(0);
        (await machine.Daemon.RunningAsync(otherThan: old.Epoch)).Pid.ShouldNotBe(old.Pid);
        LinuxProcesses.IsAlive(old.Pid).ShouldBeFalse();
    }

    [Fact]
    public async Task Without_a_daemon_restart_starts_one()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();

        (await machine.RunAsync(["restart"])).ExitCode.ShouldBe(0);

        (await machine.Daemon.RunningAsync()).Status.ShouldBe(DaemonStatus.Ready);
    }

    /// <summary>One question after another that only a daemon answers, each sent when the one before is answered.</summary>
    private static async Task<TimeSpan> LongestPauseAsync(ShimProcess shim, Func<bool> until)
    {
        var longest = TimeSpan.Zero;
        do
        {
            var sent = shim.Elapsed;
            var reply = await shim.CallAsync("version");
            reply.IsError.ShouldBeFalse(reply.Text);
            longest = reply.Line.At - sent > longest ? reply.Line.At - sent : longest;
        }
        while (!until());

        return longest;
    }
}
