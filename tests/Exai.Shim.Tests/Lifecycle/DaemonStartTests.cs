using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;
using Exai.Shim.Lifecycle;
using Exai.Shim.Link;
using Exai.Shim.Stdio;
using Exai.Testing;
using Exai.Testing.Shim;

namespace Exai.Shim.Tests.Lifecycle;

/// <summary>EXAI_WS_AUTOSTART; checklist rules 8 and 21, traps 16, 112, 151 and 152.</summary>
public sealed class DaemonStartTests
{
    [Fact]
    public void Missing_daemon_is_started_once_and_answers_the_call() => ShimRig.Run(
        async rig =>
        {
            var starting = Task.CompletedTask;
            rig.Launcher.OnLaunch = process => starting = StartAsync();
            rig.Call("1");
            (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(3.2))).IsToolError.ShouldBeFalse();
            rig.Launcher.Launched.Count.ShouldBe(1);
            await starting;

            async Task StartAsync()
            {
                await rig.PassAsync(3);
                rig.Daemon.Start();
            }
        },
        Autostart);

    [Fact]
    public void Daemon_that_dies_at_once_fails_the_call_with_exit_code_and_last_lines() => ShimRig.Run(
        async rig =>
        {
            rig.Launcher.OnLaunch = process => (process.ExitCode, process.Said) = (2, "EXAI_WS_PORT=1: out of range");
            rig.Call("1");
            var failed = await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(3));
            failed.ErrorCode.ShouldBe(ErrorCodes.DaemonUnavailable);
            failed.ToolText.ShouldContain("exit code 2");
            failed.ToolText.ShouldContain("EXAI_WS_PORT=1: out of range");

            // "Mend the cause and call again": the first call after it works.
            rig.Launcher.OnLaunch = _ => rig.Daemon.Start();
            rig.Call("2");
            (await rig.Client.ResponseAsync("2", TimeSpan.FromSeconds(3))).IsToolError.ShouldBeFalse();
        },
        Autostart);

    /// <summary>Found by torture: the call was told DAEMON_UNAVAILABLE, and the kill counted as the daemon's own fault.</summary>
    [Theory]
    [InlineData(137)]
    [InlineData(143)]
    public void Daemon_that_is_killed_while_it_starts_is_started_again_and_the_call_answered(int exitCode) => ShimRig.Run(
        async rig =>
        {
            rig.Launcher.OnLaunch = process =>
            {
                if (rig.Launcher.Launched.Count < 3)
                {
                    process.ExitCode = exitCode;
                }
                else
                {
                    rig.Daemon.Start();
                }
            };
            rig.Call("1");
            (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(3))).IsToolError.ShouldBeFalse();
            rig.Launcher.Launched.Count.ShouldBe(3);
        },
        Autostart);

    [Fact]
    public void Daemon_that_is_killed_at_each_start_fails_the_call_and_says_so() => ShimRig.Run(
        async rig =>
        {
            rig.Launcher.OnLaunch = process => process.ExitCode = 137;
            rig.Call("1");
            var failed = await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(3));
            failed.ErrorCode.ShouldBe(ErrorCodes.DaemonUnavailable);
            failed.ToolText.ShouldContain("exit code 137");
            rig.Launcher.Launched.Count.ShouldBe(3);
        },
        Autostart);

    /// <summary>No more than one call in a while pays for a daemon that cannot live; the others are told at once.</summary>
    [Fact]
    public void Daemon_that_dies_again_and_again_is_started_ever_more_rarely_and_each_call_gets_its_last_lines() => ShimRig.Run(
        async rig =>
        {
            Directory.CreateDirectory(rig.Home.LogsDirectory);
            File.WriteAllText(rig.Home.DaemonStartLog, "the disk is on fire\n");
            rig.Launcher.OnLaunch = process => (process.ExitCode, process.Said) = (134, "the disk is on fire");
            for (var second = 0; second < 120; second++)
            {
                rig.Call($"{second}");
                var failed = await rig.Client.ResponseAsync($"{second}", TimeSpan.FromSeconds(3));
                failed.ErrorCode.ShouldBe(ErrorCodes.DaemonUnavailable);
                failed.ToolText.ShouldContain("the disk is on fire");
                await rig.PassAsync(1);
            }

            // Four at once, then after 2, 4, 8, 16, 32 and 60 s.
            rig.Launcher.Launched.Count.ShouldBeInRange(8, 10);

            rig.Launcher.OnLaunch = _ => rig.Daemon.Start();
            await rig.PassAsync(60);
            rig.Call("\"mended\"");
            (await rig.Client.ResponseAsync("\"mended\"", TimeSpan.FromSeconds(3))).IsToolError.ShouldBeFalse();
        },
        Autostart);

    /// <summary>Found by torture: restarts whose old daemon was killed under them kept calls from starting the next one.</summary>
    [Fact]
    public void Restarts_that_fail_again_and_again_keep_no_call_waiting() => ShimRig.Run(
        async rig =>
        {
            rig.Launcher.OnLaunch = process => (process.ExitCode, process.Said) = (1, "the daemon that serves did not make way");
            var starter = new DaemonStarter(rig.Launcher, rig.Time, rig.Log);
            for (var restart = 0; restart < 10; restart++)
            {
                (await SaidAsync(starter.ReplaceAsync(rig.Load().Settings, now: false, CancellationToken.None))).ShouldContain("did not make way");
            }

            rig.Launcher.OnLaunch = _ => rig.Daemon.Start();
            rig.Call("1");
            (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(3))).IsToolError.ShouldBeFalse();

            // Not by the assertion library, whose waiting the simulation cannot follow.
            static async Task<string> SaidAsync(Task<bool> replacing)
            {
                try
                {
                    return $"nothing: {await replacing}";
                }
                catch (LinkException failed)
                {
                    return failed.Message;
                }
            }
        },
        Autostart);

    [Theory]
    [InlineData("Unhandled exception. System.InvalidOperationException: a defect", 4)]
    [InlineData("", 10)]
    public void Daemon_that_crashed_while_it_served_counts_and_one_that_was_killed_does_not(string lastWords, int mostStarts) => ShimRig.Run(
        async rig =>
        {
            Directory.CreateDirectory(rig.Home.LogsDirectory);
            rig.Launcher.OnLaunch = _ => rig.Daemon.Start();
            for (var life = 0; life < 10; life++)
            {
                rig.Call($"{life}");
                await rig.PassAsync(3);
                File.WriteAllText(rig.Home.DaemonStartLog, lastWords);
                File.SetLastWriteTimeUtc(rig.Home.DaemonStartLog, rig.Time.GetUtcNow().UtcDateTime);
                rig.Daemon.Kill();
            }

            rig.Launcher.Launched.Count.ShouldBe(mostStarts);
        },
        Autostart);

    [Fact]
    public void Five_shims_that_start_at_once_start_one_daemon() => Simulation.Run(async simulation =>
    {
        var root = Directory.CreateTempSubdirectory("exai-shims-");
        var home = new ExaiHome(root.FullName);
        var daemon = new FakeDaemon(home, simulation.Time);
        var starting = Task.CompletedTask;
        var launcher = new FakeLauncher { OnLaunch = process => starting = StartAsync() };
        using var leave = new CancellationTokenSource();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["EXAI_HOME"] = home.Path, ["HOME"] = home.Path };
        var clients = Enumerable.Range(0, 5).Select(_ => new FakeClient(simulation.Time)).ToList();
        var shims = clients.Select((client, number) => ShimSession.RunAsync(
            new ShimSettings(() => SettingsLoader.Load(new SettingsSources { Environment = environment })),
            client.Input, client.Output, new EarlyAnswer(), daemon, launcher, () => { }, new RecordingLogger(), simulation.Time, new Random(number), leave.Token)).ToList();
        foreach (var client in clients)
        {
            client.Send("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"chat","arguments":{}}}""");
        }

        foreach (var client in clients)
        {
            (await client.ResponseAsync("1", TimeSpan.FromSeconds(5))).IsToolError.ShouldBeFalse();
        }

        launcher.Launched.Count.ShouldBe(1);
        // Trap 110: each dials once at a time.
        daemon.Dials.GroupBy(dial => (dial.Endpoint.SessionId, dial.At)).ShouldAllBe(dials => dials.Count() == 1);
        leave.Cancel();
        await Task.WhenAll(shims);
        await starting;
        clients.ForEach(client => client.Dispose());
        root.Delete(recursive: true);

        async Task StartAsync()
        {
            await Task.Delay(TimeSpan.FromSeconds(1), simulation.Time);
            daemon.Start();
        }
    });

    [Theory]
    [InlineData("systemd", false)]
    [InlineData(null, true)]
    public void Daemon_that_is_somebody_elses_business_is_not_started(string? managedBy, bool stoppedOnPurpose) => ShimRig.Run(
        async rig =>
        {
            OwnershipFile.Write(rig.Home, new DaemonOwnership { ManagedBy = managedBy, StoppedOnPurpose = stoppedOnPurpose });
            rig.Call("1");
            await rig.PassAsync(30);
            rig.Launcher.Launched.ShouldBeEmpty();
            rig.Daemon.Start();
            (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeFalse();
        },
        Autostart);

    [Fact]
    public void Call_that_waits_for_a_daemon_that_a_person_stopped_says_so() => ShimRig.Run(
        async rig =>
        {
            OwnershipFile.Write(rig.Home, new DaemonOwnership { StoppedOnPurpose = true });
            rig.Call("1", token: "\"p\"");
            await rig.PassAsync(10);
            rig.Client.Notifications("notifications/progress")
                .ShouldContain(note => ((string)note.Json["params"]!["message"]!).Contains("'exai start' starts it again"));
        },
        Autostart);

    [Fact]
    public void Home_that_a_daemon_serves_gets_no_second_one() => ShimRig.Run(
        async rig =>
        {
            using var held = ExclusiveLock.TryAcquire(rig.Home.ServeLock);
            rig.Call("1");
            await rig.PassAsync(10);
            rig.Launcher.Launched.ShouldBeEmpty();
            rig.Cancel("1");
        },
        Autostart);

    [Fact]
    public void Health_file_of_a_dead_daemon_does_not_keep_one_from_being_started() => ShimRig.Run(
        async rig =>
        {
            HealthFile.Write(rig.Home, new HealthDocument { Epoch = "dead", Port = 40999, Pid = 1 });
            rig.Launcher.OnLaunch = _ => rig.Daemon.Start();
            rig.Call("1");
            (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(3))).IsToolError.ShouldBeFalse();
            rig.Daemon.Dials.Select(dial => dial.Endpoint.Port).Take(2).ShouldBe([40999, FakeDaemon.Port]);
        },
        Autostart);

    [Fact]
    public void Daemon_that_never_listens_is_given_up_and_the_call_waits_on() => ShimRig.Run(
        async rig =>
        {
            rig.Call("1", token: "1");
            await rig.PassAsync(60);
            rig.Launcher.Launched.Count.ShouldBeInRange(2, 3);
            rig.Client.Responses("1").ShouldBeEmpty();
            rig.Client.Notifications("notifications/progress").ShouldNotBeEmpty();
            rig.Daemon.Start();
            (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(25))).IsToolError.ShouldBeFalse();
        },
        Autostart);

    [Fact]
    public void Shim_that_leaves_while_a_daemon_starts_leaves_at_once() => ShimRig.Run(
        async rig =>
        {
            rig.Call("1");
            await rig.UntilAsync(() => rig.Launcher.Launched.Count == 1, "the start");
            rig.Client.CloseInput();
            await rig.UntilAsync(() => rig.Shim.IsCompleted, "the end", TimeSpan.FromSeconds(1));
        },
        Autostart);

    private static void Autostart(ShimRig rig) => rig.Environment["EXAI_WS_AUTOSTART"] = "true";
}
