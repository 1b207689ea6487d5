using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.EndToEnd.Tests;

/// <summary>What a client sees first: the shim answers at once, the same bytes whether or not a daemon runs.</summary>
public sealed class ShimStartTests(ITestOutputHelper output)
{
    private static readonly (string, string?)[] NoDaemon = [("EXAI_WS_AUTOSTART", "false")];

    [Fact]
    public async Task Initialize_is_answered_at_once_without_a_daemon()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        var fromStart = new List<TimeSpan>();
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            await using var cold = machine.StartShim();
            fromStart.Add((await cold.InitializeAsync()).At);
        }

        var shim = machine.StartShim();
        await shim.PingAsync();
        var writtenAt = shim.Elapsed;
        var fromWrite = (await shim.InitializeAsync()).At - writtenAt;

        output.WriteLine($"from process start: {string.Join(", ", fromStart.Select(time => $"{time.TotalMilliseconds:0} ms"))}; from the request to a process that is up: {fromWrite.TotalMilliseconds:0.0} ms");
        fromWrite.ShouldBeLessThan(TimeSpan.FromMilliseconds(300));
        fromStart.Min().ShouldBeLessThan(TimeSpan.FromMilliseconds(500));
        fromStart.Max().ShouldBeLessThan(TimeSpan.FromMilliseconds(1500));
        machine.Daemon.Pids.ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_legacy_version_is_echoed_and_an_unknown_one_answered_with_the_newest()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        var shim = machine.StartShim();

        foreach (var version in (string[])["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
        {
            ((string?)(await shim.InitializeAsync(version)).Message["result"]!["protocolVersion"]).ShouldBe(version);
        }

        ((string?)(await shim.InitializeAsync("1999-01-01")).Message["result"]!["protocolVersion"]).ShouldBe("2025-11-25");
    }

    [Fact]
    public async Task Tools_are_listed_without_a_daemon_and_are_those_that_the_daemon_lists()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        var shim = await machine.StartClientAsync();

        var sentAt = shim.Elapsed;
        var builtIn = await shim.RequestAsync("tools/list");
        (builtIn.At - sentAt).ShouldBeLessThan(TimeSpan.FromMilliseconds(300));
        builtIn.Message["result"]!["tools"]!.AsArray().Select(tool => (string?)tool!["name"]).ShouldContain("chat");

        await machine.Daemon.StartAsync();
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        var fromDaemon = await shim.RequestAsync("tools/list");
        JsonNode.DeepEquals(fromDaemon.Message["result"]!["tools"], builtIn.Message["result"]!["tools"]).ShouldBeTrue();
        shim.Lines.ShouldNotContain(line => line.Method == "notifications/tools/list_changed");
    }

    [Fact]
    public async Task The_initialize_result_is_the_same_bytes_with_the_daemon_down_and_up()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        var down = machine.StartShim();
        var resultDown = (await down.RequestAsync("initialize", ShimProcess.HelloParameters(), id: "1")).Text;

        await machine.Daemon.StartAsync();
        (await down.CallAsync("version")).IsError.ShouldBeFalse();
        var again = (await down.RequestAsync("initialize", ShimProcess.HelloParameters(), id: "1")).Text;
        var up = machine.StartShim();
        var resultUp = (await up.RequestAsync("initialize", ShimProcess.HelloParameters(), id: "1")).Text;

        again.ShouldBe(resultDown);
        resultUp.ShouldBe(resultDown);
    }

    [Fact]
    public async Task Ten_shims_that_start_at_once_without_a_daemon_share_exactly_one()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var shims = Enumerable.Range(0, 10).Select(_ => machine.StartShim()).ToList();

        var replies = await Task.WhenAll(shims.Select(async shim =>
        {
            await shim.InitializeAsync();
            return (await shim.CallAsync("version")).Text;
        }));

        replies.Distinct().ShouldHaveSingleItem().ShouldContain(machine.Daemon.Health!.Epoch);
        machine.Daemon.Pids.ShouldBe([machine.Daemon.Health!.Pid]);
        (await File.ReadAllLinesAsync(machine.Home.DaemonLog)).Count(line => line.Contains("serves epoch", StringComparison.Ordinal)).ShouldBe(1);
    }
}
