namespace Exai.Daemon.Tests.Monitoring;

/// <summary>A call's way as a collector gets it: one span for each link, and nothing of what was said.</summary>
public sealed class TraceTests
{
    private const ulong Internal = 1, Server = 2, Client = 3;

    /// <summary>The collector runs beside hundreds of other tests: what it is sent at a daemon's end must not be given up for their sake.</summary>
    static TraceTests() => Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_TIMEOUT", "30000");

    [Fact]
    public async Task Collector_gets_a_span_for_each_link_of_a_call_and_nothing_that_was_said()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var daemon = await DaemonFixture.StartAsync(("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address));
        var callId = LinkClient.ChatCallId();
        await using (var client = await daemon.OpenAsync())
        {
            var asking = await client.BeginAsync("tools/call", LinkClient.Chat("a question for nobody else", callId));
            var request = await daemon.Provider.ArrivedAsync();
            request.TraceHeaders.ShouldBeEmpty("the provider is told nothing of the trace");
            request.Answer("an answer for nobody else");
            await client.EndAsync(asking);
        }

        await daemon.StopAsync();

        // Other tests of this process may trace meanwhile.
        var spans = collector.Spans.Where(span => span.Attributes.GetValueOrDefault("exai.call_id") == callId).ToDictionary(span => span.Name, StringComparer.Ordinal);
        spans.Keys.ShouldBe(["tools/call chat", "shim", "journal accept", "call chat", "queue glm", "chat glm-4.6", "journal answer", "journal outcome"], ignoreOrder: true);
        spans.Values.Select(span => span.TraceId).Distinct().Count().ShouldBe(1);
        var (asked, run, attempt) = (spans["tools/call chat"], spans["call chat"], spans["chat glm-4.6"]);
        (asked.ParentId, asked.Kind, run.Kind, attempt.Kind).ShouldBe(("", Server, Internal, Client));
        foreach (var name in (string[])["shim", "journal accept", "call chat"])
        {
            spans[name].ParentId.ShouldBe(asked.SpanId, name);
        }

        foreach (var name in (string[])["queue glm", "chat glm-4.6", "journal answer", "journal outcome"])
        {
            spans[name].ParentId.ShouldBe(run.SpanId, name);
        }

        spans["queue glm"].EndNanos.ShouldBeLessThanOrEqualTo(attempt.StartNanos);
        attempt.EndNanos.ShouldBeLessThanOrEqualTo(spans["journal outcome"].StartNanos);
        spans["shim"].EndNanos.ShouldBeGreaterThan(spans["shim"].StartNanos);
        attempt.Events.ShouldBe(["connected", "first_token"]);
        attempt.Attributes["gen_ai.request.model"].ShouldBe("glm-4.6");
        (attempt.Attributes["gen_ai.usage.input_tokens"], attempt.Attributes["gen_ai.usage.output_tokens"], attempt.Attributes["exai.stage"]).ShouldBe(("10", "2", "finish"));
        (run.Attributes["exai.state"], run.Attributes["exai.run"], run.Service).ShouldBe(("succeeded", "1", "exai"));
        collector.Paths.ShouldBe(["/v1/metrics", "/v1/traces"]);
        foreach (var said in (string[])["nobody else", DaemonFixture.Token, "s3cr3t"])
        {
            collector.Everything.ShouldNotContain(said);
        }
    }

    [Fact]
    public async Task Failed_attempt_names_its_code_and_a_client_that_traces_finds_the_call_in_its_own_trace()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var daemon = await DaemonFixture.StartAsync(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address), ("EXAI_FALLBACK", "never"), ("GLM_API_URL", "http://127.0.0.1:9/v4"), ("RETRY_ATTEMPTS", "0"));
        var callId = LinkClient.ChatCallId();
        await using (var client = await daemon.OpenAsync())
        {
            var question = LinkClient.Chat("hello", callId);
            question["_meta"]!["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
            (await client.RequestAsync("tools/call", question)).ErrorCode().ShouldBe("PROVIDER_ERROR");
        }

        await daemon.StopAsync();

        var spans = collector.Spans.Where(span => span.Attributes.GetValueOrDefault("exai.call_id") == callId).ToList();
        spans.ShouldAllBe(span => span.TraceId == "0af7651916cd43dd8448eb211c80319c");
        spans.Single(span => span.Name == "tools/call chat").ParentId.ShouldBe("b7ad6b7169203331");
        var attempt = spans.Single(span => span.Name == "chat glm-4.6");
        (attempt.Attributes["error.type"], attempt.Attributes["exai.stage"]).ShouldBe(("PROVIDER_ERROR", "connect"));
        spans.Single(span => span.Name == "call chat").Attributes["error.type"].ShouldBe("PROVIDER_ERROR");
    }

    [Fact]
    public async Task Collector_that_is_not_there_costs_no_call_and_holds_up_no_end()
    {
        await using var daemon = await DaemonFixture.StartAsync(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"));
        daemon.Provider.Open = true;
        await using (var client = await daemon.OpenAsync())
        {
            (await client.RequestAsync("tools/call", LinkClient.Chat("hello"))).Text().ShouldContain("at once");
        }

        await daemon.StopAsync().WaitAsync(Patience.Token());

        daemon.Log.Errors.ShouldBeEmpty();
    }
}
