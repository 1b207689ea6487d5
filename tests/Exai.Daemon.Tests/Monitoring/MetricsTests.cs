using System.Globalization;
using Exai.Protocol;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>Traps 171, 172, 175: every count of the contract, at 0 before anything happened, true afterwards.</summary>
public sealed class MetricsTests
{
    [Theory]
    [InlineData("exai_calls_total{outcome=\"succeeded\",tool=\"chat\"}")]
    [InlineData("exai_calls_total{outcome=\"interrupted\",tool=\"version\"}")]
    [InlineData("exai_calls_in_flight")]
    [InlineData("exai_calls_recovered_total{how=\"rerun\"}")]
    [InlineData("exai_calls_detached_total")]
    [InlineData("exai_attempts_total{model=\"glm-4.6\",outcome=\"ok\",provider=\"glm\",stage=\"finish\"}")]
    [InlineData("exai_stream_timeouts_total{clock=\"first_token\",provider=\"glm\"}")]
    [InlineData("exai_tokens_total{kind=\"reasoning\",model=\"glm-4.6\",provider=\"glm\"}")]
    [InlineData("exai_sessions")]
    [InlineData("exai_link_connects_total")]
    [InlineData("exai_link_reconnects_total")]
    [InlineData("exai_page_connects_total")]
    [InlineData("exai_pages")]
    public async Task Idle_daemon_shows_it_at_0(string series)
    {
        await using var daemon = await DaemonFixture.StartAsync();

        var metrics = Read(await daemon.TextAsync("/metrics"));

        metrics.ShouldContainKey(series);
        metrics[series].ShouldBe(0);
    }

    [Fact]
    public async Task Answered_call_is_counted_with_its_attempt_tokens_and_times()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        daemon.Provider.Open = true;
        await using var client = await daemon.OpenAsync();
        var callId = LinkClient.ChatCallId();
        await client.RequestAsync("tools/call", LinkClient.Chat("hello", callId));
        await client.RequestAsync("tools/call", LinkClient.Chat("hello", callId));
        await client.RequestAsync("tools/call", LinkClient.Call("version"));

        var metrics = Read(await daemon.TextAsync("/metrics"));

        metrics["exai_calls_total{outcome=\"succeeded\",tool=\"chat\"}"].ShouldBe(1);
        metrics["exai_calls_total{outcome=\"succeeded\",tool=\"version\"}"].ShouldBe(1);
        metrics["exai_call_duration_seconds_count{tool=\"chat\"}"].ShouldBe(1);
        metrics["exai_calls_recovered_total{how=\"replayed\"}"].ShouldBe(1);
        metrics["exai_attempts_total{model=\"glm-4.6\",outcome=\"ok\",provider=\"glm\",stage=\"finish\"}"].ShouldBe(1);
        metrics["exai_attempt_duration_seconds_count{model=\"glm-4.6\",provider=\"glm\"}"].ShouldBe(1);
        metrics["exai_first_token_seconds_count{model=\"glm-4.6\",provider=\"glm\"}"].ShouldBe(1);
        metrics["exai_tokens_total{kind=\"input\",model=\"glm-4.6\",provider=\"glm\"}"].ShouldBe(10);
        metrics["exai_sessions"].ShouldBe(1);
        metrics["exai_link_connects_total"].ShouldBe(1);
    }

    [Fact]
    public async Task Running_call_is_in_flight()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var client = await daemon.OpenAsync();
        var asking = await client.BeginAsync("tools/call", LinkClient.Chat("hello"));
        var held = await daemon.Provider.ArrivedAsync();

        Read(await daemon.TextAsync("/metrics"))["exai_calls_in_flight"].ShouldBe(1);

        held.Answer("done");
        await client.EndAsync(asking);
        Read(await daemon.TextAsync("/metrics"))["exai_calls_in_flight"].ShouldBe(0);
    }

    [Fact]
    public async Task Call_that_is_answered_as_running_is_detached_once_and_one_that_is_answered_is_not()
    {
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_CLIENT_WAIT_SECS", "1"));
        using var client = new Http.McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();

        await client.RequestAsync("tools/call", LinkClient.Chat("slow"));
        Read(await daemon.TextAsync("/metrics"))["exai_calls_detached_total"].ShouldBe(1);

        daemon.Provider.Open = true;
        await client.RequestAsync("tools/call", LinkClient.Chat("quick"));
        Read(await daemon.TextAsync("/metrics"))["exai_calls_detached_total"].ShouldBe(1);
    }

    [Fact]
    public async Task Reconnect_is_counted_with_the_dials_and_the_downtime_that_the_shim_tells()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var again = await LinkClient.ConnectAsync(
            daemon.Host.Port, DaemonFixture.Token, "s", options => options.SetRequestHeader(Reconnect.Header, new Reconnect(7, TimeSpan.FromSeconds(2.5)).ToString()));
        await again.InitializeAsync();

        var metrics = Read(await daemon.TextAsync("/metrics"));

        (metrics["exai_link_connects_total"], metrics["exai_link_reconnects_total"]).ShouldBe((1, 1));
        (metrics["exai_link_attempts_sum"], metrics["exai_link_downtime_seconds_sum"]).ShouldBe((7, 2.5));
    }

    [Fact]
    public async Task Another_daemon_in_the_same_process_counts_for_itself()
    {
        await using var one = await DaemonFixture.StartAsync();
        await using var other = await DaemonFixture.StartAsync();
        await using var client = await one.OpenAsync();

        Read(await other.TextAsync("/metrics"))["exai_link_connects_total"].ShouldBe(0);
    }

    /// <summary>Prometheus's own reader finds no error and nothing to complain of in our names.</summary>
    [Fact]
    public async Task Promtool_accepts_the_text()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        daemon.Provider.Open = true;
        await using var client = await daemon.OpenAsync();
        await client.RequestAsync("tools/call", LinkClient.Chat("hello"));

        var (exitCode, complaints) = await Promtool.CheckAsync("metrics", await daemon.TextAsync("/metrics"));

        // It also judges names (exit 3): those of .NET's own meters are not ours to choose.
        complaints.Split('\n').Where(line => line.Contains("exai_") || line.Contains("error")).ShouldBeEmpty();
        exitCode.ShouldBeOneOf(0, 3);
    }

    /// <summary>Values by series, labels in the order of their names.</summary>
    private static Dictionary<string, double> Read(string text) => text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').ToDictionary(
        line => Sorted(line[..line.LastIndexOf(' ')]), line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private static string Sorted(string series) => series.IndexOf('{') is var brace and > 0
        ? $"{series[..brace]}{{{string.Join(',', series[(brace + 1)..^1].Split(',').Order(StringComparer.Ordinal))}}}"
        : series;
}
