using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.EndToEnd.Tests;

/// <summary>
/// Version N and N+1 side by side in a cluster. N+1 is the same code under another version: a version that changes the tables is not rolled out daemon by daemon
/// (docs/cluster.md).
/// </summary>
public sealed class RollingUpgradeTests
{
    private const string NextVersion = "0.2.0";

    [Fact]
    public async Task Daemons_of_the_next_version_join_and_those_of_this_one_drain_and_every_call_runs_once()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        Assert.SkipWhen(BalancerSetup.Missing is not null, BalancerSetup.Missing ?? "");
        Assert.SkipUnless(Environment.UserName == "root", "Only root may give a process a host of its own.");
        await using var machine = await ExaiHomeFixture.CreateAsync(
            [ProviderLog.Streams(500) with { PromptContains = "at length" }, ProviderLog.Streams(60)],
            ("EXAI_STORE", PostgresServer.Shared.CreateDatabase()), ("EXAI_WS_TOKEN", "a-token-of-thirty-two-characters"));
        var next = ExaiProgram.CopyWithVersion(machine.Folder("next-program"), NextVersion);
        var old = await Task.WhenAll(HostedDaemon.StartAsync(machine, "old1"), HostedDaemon.StartAsync(machine, "old2"));
        var joined = await HostedDaemon.StartAsync(machine, next, "next1");
        HostedDaemon[] all = [.. old, joined];
        var port = Balancer.Start(machine, all).Port;
        var knowing = await StartShimAsync(machine, "knowing", ExaiProgram.File, [.. all.Select(daemon => daemon.Health.Port)]);
        var balanced = await StartShimAsync(machine, "balanced", next, [port]);
        joined.Health.Version.ShouldBe(NextVersion);

        foreach (var (daemon, number) in old.Select((daemon, number) => (daemon, number)))
        {
            // Every call in flight while it drains, wherever it runs, ends there.
            var held = new List<(ShimProcess Shim, string Marker, string Id)>();
            foreach (var (shim, name) in new[] { (knowing, "knowing"), (balanced, "balanced") })
            {
                var marker = $"marker-{name}-{number}";
                held.Add((shim, marker, await shim.SendChatAsync($"What is {marker}, at length?")));
                await machine.Simulator.AskedAsync(marker, tokens: 10);
            }

            daemon.Terminate();
            foreach (var (shim, marker, id) in held)
            {
                (await shim.ChatAsync($"What is {marker}-meanwhile?")).Text.ShouldContain($"{marker}-meanwhile");
                var reply = await shim.ReplyAsync(id);
                reply.Text.ShouldContain(marker);
                ((int)reply.Receipt["runs"]!).ShouldBe(1);
                machine.Simulator.Asked($"{marker},").Count.ShouldBe(1);
            }

            (await daemon.Process.EndedAsync()).ExitCode.ShouldBe(0);
        }

        (await knowing.CallAsync("version")).Text.ShouldContain(NextVersion);
        (await balanced.CallAsync("version")).Text.ShouldContain(NextVersion);
        Product.Version.ShouldNotBe(NextVersion);
    }

    private static async Task<ShimProcess> StartShimAsync(ExaiHomeFixture machine, string name, string program, int[] ports)
    {
        var shim = machine.StartShim(
            program, ["shim"], ("EXAI_HOME", machine.Folder(name)), ("EXAI_WS_PORT", null),
            ("EXAI_WS_ENDPOINTS", string.Join(',', ports.Select(port => $"127.0.0.1:{port}"))));
        await shim.InitializeAsync();
        return shim;
    }
}
