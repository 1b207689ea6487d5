using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;
using Exai.Simulator;

namespace Exai.EndToEnd.Tests;

/// <summary>SIGTERM: running calls are finished or handed over, new ones wait for the next daemon, and clients notice nothing.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task A_running_call_is_finished_before_the_daemon_ends_and_a_new_one_is_answered_by_the_next()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(200)]);
        var daemon = await machine.Daemon.StartAsync();
        var shim = await machine.StartClientAsync();
        var first = (await shim.CallAsync("version")).Text;

        var running = await shim.SendChatAsync("What is marker-running?");
        await machine.Simulator.AskedAsync("marker-running", tokens: 5);
        await machine.Daemon.TerminateAsync();
        await machine.Daemon.StatusAsync(DaemonStatus.Draining);
        var held = await shim.SendChatAsync("What is marker-held?");
        var local = await shim.SendCallAsync("version", []);

        var finished = await shim.ReplyAsync(running);
        finished.Text.ShouldContain("marker-running");
        ((string?)finished.Receipt["recovered"]).ShouldBe("none");
        ((int?)finished.Receipt["runs"]).ShouldBe(1);
        (await daemon.EndedAsync()).ExitCode.ShouldBe(0);
        (await shim.ReplyAsync(held)).Text.ShouldContain("marker-held");
        (await shim.ReplyAsync(local)).Text.ShouldNotBe(first);
        machine.Simulator.Asked("marker-running").Count.ShouldBe(1);
        machine.Simulator.Asked("marker-held").Count.ShouldBe(1);
        shim.Responses(running).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_call_that_outlasts_the_drain_is_taken_over_by_the_next_daemon_and_answered_once()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(
            [new SimulatorRule { Times = 1, TokensPerSecond = 5, AnswerTokens = 400, ReasoningTokens = 0 }], ("EXAI_DRAIN_SECS", "1"));
        var daemon = await machine.Daemon.StartAsync();
        var shim = await machine.StartClientAsync();

        var id = await shim.SendChatAsync("What is marker-long?");
        var cut = await machine.Simulator.AskedAsync("marker-long", tokens: 1);
        await machine.Daemon.TerminateAsync();

        var reply = await shim.ReplyAsync(id);
        reply.Text.ShouldContain("marker-long");
        ((string?)reply.Receipt["recovered"]).ShouldBe("rerun");
        ((int?)reply.Receipt["runs"]).ShouldBe(2);
        (await daemon.EndedAsync()).ExitCode.ShouldBe(0);
        await machine.Simulator.EndedAsync(cut, SimulatorOutcome.ClientGone);
        machine.Simulator.Asked("marker-long").Count.ShouldBe(2);
        await shim.PingAsync();
        shim.Responses(id).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_idle_daemon_ends_at_once_and_takes_its_health_file_along()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("EXAI_WS_AUTOSTART", "false"));
        var daemon = await machine.Daemon.StartAsync();
        var shim = await machine.StartClientAsync();
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();

        await machine.Daemon.TerminateAsync();

        (await daemon.EndedAsync(TimeSpan.FromSeconds(5))).ExitCode.ShouldBe(0);
        File.Exists(machine.Home.HealthFile).ShouldBeFalse();
        shim.HasExited.ShouldBeFalse();
    }

    [Fact]
    public async Task A_second_signal_ends_a_draining_daemon_at_once_and_its_call_is_answered_by_the_next()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([new SimulatorRule { Times = 1, TokensPerSecond = 5, AnswerTokens = 400, ReasoningTokens = 0 }]);
        var daemon = await machine.Daemon.StartAsync();
        var shim = await machine.StartClientAsync();

        var id = await shim.SendChatAsync("What is marker-impatient?");
        await machine.Simulator.AskedAsync("marker-impatient", tokens: 1);
        await machine.Daemon.TerminateAsync();
        await machine.Daemon.StatusAsync(DaemonStatus.Draining);
        LinuxProcesses.Send(daemon.Pid, Signal.Interrupt);

        await daemon.EndedAsync(TimeSpan.FromSeconds(5));
        (await shim.ReplyAsync(id)).Text.ShouldContain("marker-impatient");
        machine.Simulator.Asked("marker-impatient").Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_daemon_that_was_stopped_on_purpose_is_not_started_by_a_client_until_a_person_does()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, ("EXAI_WS_PROGRESS_INTERVAL_SECS", "0.5"));
        var shim = await machine.StartClientAsync();
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();

        (await machine.RunAsync(["stop"])).ExitCode.ShouldBe(0);
        var id = await shim.SendChatAsync("Is anybody there?", token: "1");
        await shim.LineAsync("progress", line => line.Method == "notifications/progress" && (double)line.Message["params"]!["progress"]! >= 1);
        machine.Daemon.Pids.ShouldBeEmpty();

        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);
        (await shim.ReplyAsync(id)).Text.ShouldContain("Is anybody there?");
    }
}
