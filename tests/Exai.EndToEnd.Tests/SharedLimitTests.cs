using System.Globalization;
using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;
using Exai.Settings.Home;
using Exai.Simulator;
using Exai.Testing.Stores;

namespace Exai.EndToEnd.Tests;

/// <summary>Three daemons, each as far as it can tell on a host of its own, and one provider that counts what comes to it at once.</summary>
public sealed class SharedLimitTests(ITestOutputHelper output)
{
    private const int Limit = 4;
    private const int CallsOfEach = 12;

    [Fact]
    public async Task Many_calls_at_three_daemons_never_more_at_once_than_the_limit_and_a_killed_daemon_gives_its_permits_back()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        Assert.SkipUnless(Environment.UserName == "root", "Only root may give a process a host of its own.");
        var limit = Limit.ToString(CultureInfo.InvariantCulture);
        await using var machine = await ExaiHomeFixture.CreateAsync(
            [ProviderLog.Streams(60)],
            ("EXAI_STORE", PostgresServer.Shared.CreateDatabase()),
            ("EXAI_WS_TOKEN", "a-token-of-thirty-two-characters"),
            ("EXAI_WS_GLOBAL_MAX_INFLIGHT", "8"),
            ("EXAI_WS_SESSION_MAX_INFLIGHT", "8"),
            ("EXAI_WS_GLM_MAX_INFLIGHT", limit));
        var daemons = await Task.WhenAll(((string[])["left", "middle", "right"]).Select(name => StartDaemonAsync(machine, name)));
        var shims = await Task.WhenAll(daemons.Select(daemon => machine.StartClientAsync(
            ("EXAI_HOME", machine.Folder($"shim-{daemon.Health.Port}")), ("EXAI_WS_AUTOSTART", "false"),
            ("EXAI_WS_PORT", daemon.Health.Port.ToString(CultureInfo.InvariantCulture)))));

        // All three at once.
        var most = 0;
        using var counted = new CancellationTokenSource();
        var counting = CountAsync(machine.Simulator, running => most = Math.Max(most, running), counted.Token);
        var replies = await Task.WhenAll(shims.SelectMany((shim, daemon) => Enumerable.Range(0, CallsOfEach).Select(call => shim.ChatAsync($"What is marker-{daemon}-{call}?"))));
        replies.ShouldAllBe(reply => !reply.IsError);
        most.ShouldBe(Limit);
        foreach (var daemon in Enumerable.Range(0, daemons.Length))
        {
            // Nobody was served last.
            Enumerable.Range(0, CallsOfEach).Count(call => machine.Simulator.Asked($"marker-{daemon}-{call}?").Single().Number <= 3 * CallsOfEach / 2).ShouldBeGreaterThan(CallsOfEach / 6);
        }

        // One takes all there is and dies.
        foreach (var call in Enumerable.Range(0, Limit))
        {
            await shims[0].SendChatAsync($"What is marker-dies-{call}?");
        }

        await Patience.ForAsync("it runs them all", () => Running(machine.Simulator) == Limit);
        var killedAt = shims[1].Elapsed;
        daemons[0].Process.Kill();
        var after = await Task.WhenAll(Enumerable.Range(0, 2 * Limit).Select(call => shims[1].ChatAsync($"What is marker-after-{call}?")));

        after.ShouldAllBe(reply => !reply.IsError);
        counted.Cancel();
        await counting;
        most.ShouldBe(Limit);
        output.WriteLine($"never more than {most} at once; after the kill {2 * Limit} calls were answered within {(shims[1].Elapsed - killedAt).TotalSeconds:0.0} s");
    }

    private static int Running(SimulatorServer simulator) => simulator.Log.Chats.Count(request => request.Outcome == SimulatorOutcome.Running);

    /// <summary>At each change of what the provider sees.</summary>
    private static async Task CountAsync(SimulatorServer simulator, Action<int> count, CancellationToken cancellationToken)
    {
        try
        {
            await simulator.Log.WaitForAsync(
                requests =>
                {
                    count(requests.Count(request => request.Outcome == SimulatorOutcome.Running));
                    return false;
                },
                cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Counted enough.
        }
    }

    private static async Task<(BackgroundProcess Process, HealthDocument Health)> StartDaemonAsync(ExaiHomeFixture machine, string name)
    {
        var home = new ExaiHome(machine.Folder(name));
        var process = machine.StartInBackground(
            "unshare", ["--pid", "--fork", "--kill-child", "--mount-proc", ExaiProgram.File, "daemon"], ("EXAI_HOME", home.Path));
        HealthDocument? health = null;
        await Patience.ForAsync($"the {name} daemon serves", () => process.HasExited || (health = HealthFile.TryRead(home)) is not null);
        return process.HasExited ? throw new InvalidOperationException($"It ended at once: {await process.EndedAsync()}") : (process, health!);
    }
}
