using System.Text.RegularExpressions;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>The alert rules and the Grafana dashboard speak of metrics that exist.</summary>
public sealed partial class DeployFilesTests
{
    private static readonly string[] Names =
    [
        "exai_calls_total", "exai_call_duration_seconds", "exai_calls_in_flight", "exai_calls_recovered_total", "exai_calls_detached_total",
        "exai_queue_depth", "exai_queue_wait_seconds", "exai_permits_held", "exai_permits_limit", "exai_permit_leaks_total",
        "exai_permit_recoveries_total", "exai_over_capacity_total", "exai_attempts_total", "exai_attempt_duration_seconds",
        "exai_first_token_seconds", "exai_stream_timeouts_total", "exai_fallbacks_total", "exai_breaker_state", "exai_tokens_total",
        "exai_cost_usd_total", "exai_sessions", "exai_link_connects_total", "exai_link_reconnects_total", "exai_link_downtime_seconds", "exai_link_attempts",
        "exai_tls_certificate_end_timestamp_seconds", "exai_tls_reloads_total",
    ];

    [Theory]
    [InlineData("deploy/prometheus/exai-alerts.yml")]
    [InlineData("deploy/grafana/exai-dashboard.json")]
    public void Every_metric_in_it_exists(string file)
    {
        var used = MetricName().Matches(File.ReadAllText(Path.Combine(Root, file))).Select(match => Suffix().Replace(match.Value, "")).Distinct().ToList();

        used.Count.ShouldBeGreaterThan(5);
        used.Except(Names).ShouldBeEmpty();
    }

    [Fact]
    public async Task Promtool_accepts_rules_and_configuration()
    {
        var (exitCode, complaints) = await Promtool.CheckAsync("config", files: Path.Combine(Root, "deploy/prometheus/prometheus.yml"));

        exitCode.ShouldBe(0, complaints);
    }

    private static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Exai.slnx")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    [GeneratedRegex("exai_[a-z_]+")]
    private static partial Regex MetricName();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();
}
