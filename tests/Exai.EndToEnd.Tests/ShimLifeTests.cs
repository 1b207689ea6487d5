using Exai.EndToEnd.Tests.Harness;

namespace Exai.EndToEnd.Tests;

/// <summary>The shim stays for as long as its client does, and not longer.</summary>
public sealed class ShimLifeTests
{
    private static readonly (string, string?)[] NoDaemon = [("EXAI_WS_AUTOSTART", "false")];
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task The_end_of_stdin_ends_the_shim()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        var shim = await machine.StartClientAsync();

        shim.CloseInput();

        (await shim.EndedAsync()).ShouldBeLessThan(Promptly);
        shim.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task The_end_of_stdin_ends_the_shim_while_a_call_waits_for_a_daemon()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, [.. NoDaemon, ("EXAI_WS_PROGRESS_INTERVAL_SECS", "0.1")]);
        var shim = await machine.StartClientAsync();

        await shim.SendChatAsync("Is anybody there?", token: "1");
        await shim.LineAsync("progress", line => line.Method == "notifications/progress");
        shim.CloseInput();

        (await shim.EndedAsync()).ShouldBeLessThan(Promptly);
        shim.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task The_end_of_stdin_ends_the_shim_in_the_middle_of_a_reconnect()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        await machine.Daemon.StartAsync();
        var shim = await machine.StartClientAsync();
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();

        // A daemon that is stopped, not dead, lets the shim dial and answers nothing.
        var daemon = await machine.Daemon.KillAsync();
        await machine.Daemon.StartAsync();
        await machine.Daemon.RunningAsync(otherThan: daemon.Epoch);
        LinuxProcesses.Send(machine.Daemon.Health!.Pid, Signal.Stop);
        await shim.SendCallAsync("version", []);
        shim.CloseInput();

        (await shim.EndedAsync()).ShouldBeLessThan(Promptly);
        shim.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task The_end_of_stdin_ends_the_shim_with_a_call_in_flight_and_the_call_runs_on_in_the_daemon()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(100)]);
        var shim = await machine.StartClientAsync();

        await shim.SendChatAsync("What is marker-left?");
        await machine.Simulator.AskedAsync("marker-left", tokens: 10);
        shim.CloseInput();

        (await shim.EndedAsync()).ShouldBeLessThan(Promptly);
        shim.ExitCode.ShouldBe(0);
        await using var journal = Journal.Open(machine);
        (await journal.OutcomeAsync("marker-left")).ToJsonString().ShouldContain("Simulated answer");
        machine.Simulator.Asked("marker-left").Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(nameof(Signal.Terminate))]
    [InlineData(nameof(Signal.Hangup))]
    public async Task A_signal_to_end_ends_the_shim(string signal)
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        var shim = await machine.StartClientAsync();
        await shim.SendChatAsync("Is anybody there?");
        await shim.PingAsync();

        shim.Signal(Enum.Parse<Signal>(signal));

        (await shim.EndedAsync()).ShouldBeLessThan(Promptly);
        shim.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task An_interrupt_does_not_end_the_shim()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(60)]);
        var shim = await machine.StartClientAsync();
        var id = await shim.SendChatAsync("What is marker-esc?");
        await machine.Simulator.AskedAsync("marker-esc", tokens: 5);

        shim.Signal(Signal.Interrupt);
        shim.Signal(Signal.Interrupt);

        (await shim.ReplyAsync(id)).Text.ShouldContain("marker-esc");
        shim.HasExited.ShouldBeFalse();
    }

    /// <summary>The first answer comes before the runtime listens for signals.</summary>
    [Fact]
    public async Task An_interrupt_right_after_the_first_answer_does_not_end_the_shim()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        var shim = machine.StartShim();
        await shim.InitializeAsync();
        shim.Signal(Signal.Interrupt);

        await shim.PingAsync();
        shim.HasExited.ShouldBeFalse();
    }

    [Fact]
    public async Task The_death_of_its_parent_ends_the_shim_although_stdin_stays_open()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        // The shell stands for the client. It hands its own stdin on, which this test keeps open; a shell's jobs would get none.
        var shim = machine.StartShim("/bin/sh", ["-c", "exec 3<&0; \"$0\" shim <&3 & wait", ExaiProgram.File]);
        await shim.InitializeAsync();
        var pid = ShimPid(machine);

        shim.Signal(Signal.Kill);

        await machine.Daemon.GoneAsync(pid, TimeSpan.FromSeconds(3));
        await shim.OutputEndedAsync();
    }

    [Fact]
    public async Task A_closed_stdout_ends_the_shim_at_its_next_write()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        // A reader that goes away after the first line.
        var shim = machine.StartShim("/bin/sh", ["-c", "exec 3<&0; \"$0\" shim <&3 | head -n 1", ExaiProgram.File]);
        await shim.InitializeAsync();
        await Patience.ForAsync("the reader is gone", () => !LinuxProcesses.OfHome(machine.Home.Path).Any(process => process.Arguments[0] == "head"));
        var pid = ShimPid(machine);

        await shim.SendRequestAsync("ping");

        await machine.Daemon.GoneAsync(pid, TimeSpan.FromSeconds(2));
    }

    /// <summary>Some clients look for every descendant of their servers when they leave, and kill them all.</summary>
    [Fact]
    public async Task A_client_that_kills_all_descendants_does_not_kill_the_daemon_that_others_use()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var shim = await machine.StartClientAsync();
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        var daemon = await machine.Daemon.RunningAsync();

        var descendants = LinuxProcesses.Tree(shim.Pid);
        foreach (var pid in descendants)
        {
            LinuxProcesses.TryKill(pid);
        }

        await shim.EndedAsync();
        descendants.ShouldNotContain(daemon.Pid);
        var other = await machine.StartClientAsync();
        (await other.CallAsync("version")).IsError.ShouldBeFalse();
        (await machine.Daemon.RunningAsync()).Epoch.ShouldBe(daemon.Epoch);
    }

    [Fact]
    public async Task Ten_deaths_of_the_daemon_in_a_row_do_not_end_the_shim()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var shim = await machine.StartClientAsync();
        var epochs = new HashSet<string>();

        for (var death = 1; death <= 10; death++)
        {
            (await shim.CallAsync("version")).IsError.ShouldBeFalse();
            epochs.Add((await machine.Daemon.KillAsync()).Epoch);
        }

        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        epochs.Count.ShouldBe(10);
        shim.HasExited.ShouldBeFalse();
        machine.Daemon.Pids.Count.ShouldBe(1);
    }

    private static int ShimPid(ExaiHomeFixture machine) =>
        LinuxProcesses.OfHome(machine.Home.Path).Single(process => process.Arguments is [.., "shim"] && process.Arguments[0] == ExaiProgram.File).Pid;
}
