using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;

namespace Exai.EndToEnd.Tests;

/// <summary>Version N and N+1 side by side. Traps 14, 142, 153.</summary>
public sealed class UpgradeTests
{
    private const string NextVersion = "0.2.0";

    [Fact]
    public async Task Shims_of_both_versions_work_with_the_old_daemon_and_without_a_reconnect_by_hand_with_the_new_one()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(180, tokensPerSecond: 60)]);
        var next = ExaiProgram.CopyWithVersion(machine.Folder("next"), NextVersion);
        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);
        var old = await machine.Daemon.RunningAsync();
        var oldShim = await machine.StartClientAsync();
        var newShim = machine.StartShim(next, ["shim"]);
        await newShim.InitializeAsync();
        (await oldShim.CallAsync("version")).Text.ShouldContain(Product.Version);
        (await newShim.CallAsync("version")).Text.ShouldContain(Product.Version);
        var oldCall = await oldShim.SendChatAsync("What is marker-old?");
        var newCall = await newShim.SendChatAsync("What is marker-new?");
        await machine.Simulator.AskedAsync("marker-old", tokens: 5);
        await machine.Simulator.AskedAsync("marker-new", tokens: 5);

        var restarted = await machine.RunAsync(next, ["restart"]);

        restarted.ExitCode.ShouldBe(0, restarted.ToString());
        (await machine.Daemon.RunningAsync(otherThan: old.Epoch)).Version.ShouldBe(NextVersion);
        (await oldShim.CallAsync("version")).Text.ShouldContain(NextVersion);
        (await newShim.CallAsync("version")).Text.ShouldContain(NextVersion);
        foreach (var (shim, call, marker) in new[] { (oldShim, oldCall, "marker-old"), (newShim, newCall, "marker-new") })
        {
            var reply = await shim.ReplyAsync(call);
            reply.Text.ShouldContain(marker);
            ((int?)reply.Receipt["runs"]).ShouldBe(1);
            machine.Simulator.Asked(marker).Count.ShouldBe(1);
        }

        await machine.Daemon.GoneAsync(old.Pid);
        (await oldShim.ChatAsync("What is marker-after?")).Text.ShouldContain("marker-after");
    }

    [Fact]
    public async Task A_shim_of_the_next_version_starts_a_daemon_of_its_own_version()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var next = ExaiProgram.CopyWithVersion(machine.Folder("next"), NextVersion);
        var shim = machine.StartShim(next, ["shim"]);
        await shim.InitializeAsync();

        (await shim.CallAsync("version")).Text.ShouldContain(NextVersion);

        machine.Daemon.Health!.Version.ShouldBe(NextVersion);
    }
}
