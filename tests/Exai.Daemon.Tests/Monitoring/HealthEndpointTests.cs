using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Exai.Daemon.Health;
using Exai.Daemon.Monitoring.Health;
using Exai.Protocol;
using Exai.Testing;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>Traps 163, 165, 166, 171: health tells the truth, and only what a restart mends ends a daemon's liveness.</summary>
public sealed class HealthEndpointTests
{
    [Fact]
    public async Task Document_tells_status_and_every_component_with_its_reason()
    {
        await using var daemon = await DaemonFixture.StartAsync();

        var health = await daemon.JsonAsync("/health");

        ((string?)health["status"]).ShouldBe(DaemonStatus.Ready);
        ((bool?)health["ready"]).ShouldBe(true);
        ((int?)health["sessions"], (int?)health["calls"], (int?)health["queued"]).ShouldBe((0, 0, 0));
        var components = (JsonObject)health["components"]!;
        components.Select(component => component.Key).ShouldBe(["loop", "store", "providers", "permits", "disk", "memory"]);
        components.ShouldAllBe(component => (string?)component.Value!["reason"] != "");
        ((string?)components["store"]!["status"]).ShouldBe("ok");
        ((string?)components["providers"]!["reason"])!.ShouldContain("glm");
    }

    [Fact]
    public async Task No_provider_is_a_warning_and_no_reason_to_be_restarted()
    {
        await using var daemon = await DaemonFixture.StartAsync(("GLM_API_KEY", ""));

        var health = await daemon.JsonAsync("/health");

        ((string?)health["components"]!["providers"]!["status"]).ShouldBe("warning");
        ((bool?)health["ready"]).ShouldBe(true);
    }

    /// <summary>Trap 165.</summary>
    [Fact]
    public async Task Daemon_with_all_permits_held_is_busy_live_and_ready()
    {
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_WS_GLM_MAX_INFLIGHT", "1"));
        await using var client = await daemon.OpenAsync();
        await client.BeginAsync("tools/call", LinkClient.Chat("one"));
        await client.BeginAsync("tools/call", LinkClient.Chat("two"));
        var held = await daemon.Provider.ArrivedAsync();

        using var live = await daemon.AskAsync("/health/live");
        using var ready = await daemon.AskAsync("/health/ready");
        var health = await daemon.JsonAsync("/health");

        (live.StatusCode, ready.StatusCode).ShouldBe((HttpStatusCode.OK, HttpStatusCode.OK));
        ((string?)health["status"]).ShouldBe(DaemonStatus.Busy);
        health["busySince"].ShouldNotBeNull();
        held.Answer("done");
        (await daemon.Provider.ArrivedAsync()).Answer("done");
    }

    [Fact]
    public async Task Daemon_that_drains_is_live_and_not_ready()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var client = await daemon.OpenAsync();
        var asking = await client.BeginAsync("tools/call", LinkClient.Chat("hello"));
        var held = await daemon.Provider.ArrivedAsync();
        var draining = daemon.Host.DrainAsync(Patience.Token());

        using var live = await daemon.AskAsync("/health/live");
        using var ready = await daemon.AskAsync("/health/ready");
        using var document = await daemon.AskAsync("/health");

        (live.StatusCode, ready.StatusCode, document.StatusCode).ShouldBe((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable));
        held.Answer("done");
        (await client.EndAsync(asking)).Text().ShouldContain("done");
        await draining;
    }

    /// <summary>Traps 163, 166: 120 s without a beat is stuck, a long call is not.</summary>
    [Theory]
    [InlineData(119, "ok")]
    [InlineData(121, "broken")]
    public void Loop_that_stands_still_is_broken_after_the_stale_time(int seconds, string status)
    {
        var time = new VirtualTime();
        var heartbeat = new Heartbeat(time);
        time.Advance(TimeSpan.FromMinutes(10));
        heartbeat.Beat();

        time.Advance(TimeSpan.FromSeconds(seconds));

        HealthCheck.Loop(heartbeat, TimeSpan.FromSeconds(120)).Status.ShouldBe(status);
    }

    [Fact]
    public async Task Health_file_names_the_port()
    {
        await using var daemon = await DaemonFixture.StartAsync();

        var health = await daemon.HealthAsync(health => health.MonitoringPort != 0);

        health.MonitoringPort.ShouldBe(daemon.Host.MonitoringPort);
        health.MonitoringPort.ShouldNotBe(daemon.Host.Port);
    }

    [Fact]
    public async Task Port_that_is_taken_is_a_warning_and_a_free_one_serves()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = ((IPEndPoint)other.LocalEndpoint).Port;

        await using var daemon = await DaemonFixture.StartAsync(("MONITORING_PORT", $"{taken}"));

        daemon.Log.Entries.ShouldContain(entry => entry.Level == LogLevel.Warning && entry.Text.Contains($"Port {taken}"));
        daemon.Host.MonitoringPort.ShouldNotBe(taken);
        using var live = await daemon.AskAsync("/health/live");
        live.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Switched_off_nothing_listens_and_the_file_says_0()
    {
        await using var daemon = await DaemonFixture.StartAsync(("MONITORING_ENABLED", "false"));

        daemon.Host.MonitoringPort.ShouldBe(0);
        await using var client = await daemon.OpenAsync();
        (await client.RequestAsync("ping")).Result().ShouldNotBeNull();
    }
}
