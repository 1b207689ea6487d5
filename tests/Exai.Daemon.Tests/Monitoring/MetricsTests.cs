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

        var metrics = Operations.Metrics(await daemon.TextAsync("/metrics"));

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

        var metrics = Operations.Metrics(await daemon.TextAsync("/metrics"));

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

        Operations.Metrics(await daemon.TextAsync("/metrics"))["exai_calls_in_flight"].ShouldBe(1);

        held.Answer("done");
        await client.EndAsync(asking);
        Operations.Metrics(await daemon.TextAsync("/metrics"))["exai_calls_in_flight"].ShouldBe(0);
    }

    [Fact]
    public async Task Call_that_is_answered_as_running_is_detached_once_and_one_that_is_answered_is_not()
    {
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_CLIENT_WAIT_SECS", "1"));
        using var client = new Http.McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();

        await client.RequestAsync("tools/call", LinkClient.Chat("slow"));
        Operations.Metrics(await daemon.TextAsync("/metrics"))["exai_calls_detached_total"].ShouldBe(1);

        daemon.Provider.Open = true;
        await client.RequestAsync("tools/call", LinkClient.Chat("quick"));
        Operations.Metrics(await daemon.TextAsync("/metrics"))["exai_calls_detached_total"].ShouldBe(1);
    }

    /// <summary>Whoever is there again joins the call; that it is answered then detaches nothing.</summary>
    [Fact]
    public async Task Call_whose_link_is_lost_is_detached_once()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var callId = LinkClient.ChatCallId();
        await using (var client = await daemon.OpenAsync("session"))
        {
            await client.BeginAsync("tools/call", LinkClient.Chat("hello", callId));
            await daemon.Provider.ArrivedAsync();
            client.Cut();
        }

        await daemon.CountAsync("exai_calls_detached_total", 1);
        await using var again = await daemon.OpenAsync("session");
        daemon.Provider.Open = true;
        (await again.RequestAsync("tools/call", LinkClient.Chat("other"))).IsError().ShouldBeFalse();
        await daemon.CountAsync("exai_calls_detached_total", 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_that_a_shim_answers_as_running_is_detached_once_whichever_message_is_first(bool callFirst)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var client = await daemon.OpenAsync("session");
        const int Call = 7;
        var call = $$"""{"jsonrpc":"2.0","id":{{Call}},"method":"tools/call","params":{{LinkClient.Chat("hello", LinkClient.ChatCallId()).ToJsonString()}}}""";
        var detached = $$"""{"jsonrpc":"2.0","method":"exai/detached","params":{ "requestId": {{Call}} } }""";

        await client.SendAsync(callFirst ? call : detached);
        var asked = callFirst ? await daemon.Provider.ArrivedAsync() : null;
        await client.SendAsync(callFirst ? detached : call);
        asked ??= await daemon.Provider.ArrivedAsync();
        await daemon.CountAsync("exai_calls_detached_total", 1);

        // The shim hears of the outcome all the same, and that it looked on at no time is no second loss.
        asked.Answer("done");
        (await client.EndAsync(Call)).Text().ShouldStartWith("done");
        await daemon.CountAsync("exai_calls_detached_total", 1);
    }

    [Fact]
    public async Task Call_that_was_detached_before_is_not_counted_again_on_a_shim_s_next_link()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var call = LinkClient.Chat("hello", LinkClient.ChatCallId()).ToJsonString();
        await using (var client = await daemon.OpenAsync("session"))
        {
            await client.SendAsync($$"""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{call}}}""");
            await daemon.Provider.ArrivedAsync();
            await client.SendAsync("""{"jsonrpc":"2.0","method":"exai/detached","params":{"requestId":7}}""");
            await daemon.CountAsync("exai_calls_detached_total", 1);
            client.Cut();
        }

        await using var again = await daemon.OpenAsync("session");
        await again.SendAsync($$"""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{call}}}""");
        await again.SendAsync("""{"jsonrpc":"2.0","method":"exai/detached","params":{"requestId":7,"again":true}}""");
        await daemon.CountAsync("exai_calls_recovered_total{how=\"attached\"}", 1);
        again.Cut();
        await daemon.CountAsync("exai_sessions", 0);

        await daemon.CountAsync("exai_calls_detached_total", 1);
    }

    [Fact]
    public async Task Reconnect_is_counted_with_the_dials_and_the_downtime_that_the_shim_tells()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var again = await LinkClient.ConnectAsync(
            daemon.Host.Port, DaemonFixture.Token, "s", options => options.SetRequestHeader(Reconnect.Header, new Reconnect(7, TimeSpan.FromSeconds(2.5)).ToString()));
        await again.InitializeAsync();

        var metrics = Operations.Metrics(await daemon.TextAsync("/metrics"));

        (metrics["exai_link_connects_total"], metrics["exai_link_reconnects_total"]).ShouldBe((1, 1));
        (metrics["exai_link_attempts_sum"], metrics["exai_link_downtime_seconds_sum"]).ShouldBe((7, 2.5));
    }

    [Fact]
    public async Task Another_daemon_in_the_same_process_counts_for_itself()
    {
        await using var one = await DaemonFixture.StartAsync();
        await using var other = await DaemonFixture.StartAsync();
        await using var client = await one.OpenAsync();

        Operations.Metrics(await other.TextAsync("/metrics"))["exai_link_connects_total"].ShouldBe(0);
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
}
