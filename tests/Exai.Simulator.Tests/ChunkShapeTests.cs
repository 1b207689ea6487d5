namespace Exai.Simulator.Tests;

/// <summary>Exact bytes, so that a decoder tested here meets what the vendors send.</summary>
public sealed class ChunkShapeTests
{
    private const string GlmHead = """{"id":"2026090110150000000001","created":1788228900,"object":"chat.completion.chunk","model":"glm-5.2","choices":""";
    private const string KimiHead = """{"id":"chatcmpl-0000000000000001","object":"chat.completion.chunk","created":1788228900,"model":"kimi-k2.6","choices":""";
    private const string OpenAiHead = """{"id":"chatcmpl-sim00000001","object":"chat.completion.chunk","created":1788228900,"model":"sim-small","choices":""";

    private static readonly SimulatorRule Short = new() { Answer = "Hi é!", ReasoningTokens = 1 };

    [Fact]
    public async Task Glm_stream_has_role_in_every_delta_and_usage_on_the_finish_chunk()
    {
        await using var sim = await SimulatorHarness.StartAsync(new ManualTime(), Short);

        var body = await sim.BodyAsync("glm", Ask.Stream("glm-5.2"));

        body.ShouldBe(Events(
            GlmHead + """[{"index":0,"delta":{"role":"assistant","reasoning_content":"The "}}]}""",
            GlmHead + """[{"index":0,"delta":{"role":"assistant","content":"Hi é"}}]}""",
            GlmHead + """[{"index":0,"delta":{"role":"assistant","content":"!"}}]}""",
            GlmHead + """[{"index":0,"finish_reason":"stop","delta":{"role":"assistant","content":""}}],"usage":{"prompt_tokens":1,"completion_tokens":3,"total_tokens":4,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":1}}}""",
            "[DONE]"));
    }

    [Fact]
    public async Task Kimi_stream_has_role_first_and_usage_inside_the_finish_choice()
    {
        await using var sim = await SimulatorHarness.StartAsync(new ManualTime(), Short);

        var body = await sim.BodyAsync("kimi", Ask.Stream("kimi-k2.6"));

        body.ShouldBe(Events(
            KimiHead + """[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}""",
            KimiHead + """[{"index":0,"delta":{"reasoning_content":"The "},"finish_reason":null}]}""",
            KimiHead + """[{"index":0,"delta":{"content":"Hi é"},"finish_reason":null}]}""",
            KimiHead + """[{"index":0,"delta":{"content":"!"},"finish_reason":null}]}""",
            KimiHead + """[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":1,"completion_tokens":3,"total_tokens":4,"cached_tokens":0,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":1}}}]}""",
            "[DONE]"));
    }

    [Fact]
    public async Task Kimi_stream_asked_for_usage_ends_with_a_chunk_without_choices()
    {
        await using var sim = await SimulatorHarness.StartAsync(new ManualTime(), Short);

        var body = await sim.BodyAsync("kimi", Ask.Stream("kimi-k2.6", extra: new { stream_options = new { include_usage = true } }));

        body.ShouldContain(""","finish_reason":null}],"usage":null}""");
        body.ShouldEndWith(Events(
            KimiHead + """[],"usage":{"prompt_tokens":1,"completion_tokens":3,"total_tokens":4,"cached_tokens":0,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":1}}}""",
            "[DONE]"));
    }

    [Fact]
    public async Task OpenAi_stream_sends_usage_only_when_asked()
    {
        await using var sim = await SimulatorHarness.StartAsync(new ManualTime(), Short);

        var body = await sim.BodyAsync("openai", Ask.Stream("sim-small"));

        body.ShouldBe(Events(
            OpenAiHead + """[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}""",
            OpenAiHead + """[{"index":0,"delta":{"reasoning":"The "},"finish_reason":null}]}""",
            OpenAiHead + """[{"index":0,"delta":{"content":"Hi é"},"finish_reason":null}]}""",
            OpenAiHead + """[{"index":0,"delta":{"content":"!"},"finish_reason":null}]}""",
            OpenAiHead + """[{"index":0,"delta":{},"finish_reason":"stop"}]}""",
            "[DONE]"));
        (await sim.BodyAsync("openai", Ask.Stream("sim-small", extra: new { stream_options = new { include_usage = true } })))
            .ShouldContain(OpenAiHead.Replace("00000001", "00000002", StringComparison.Ordinal) + """[],"usage":{"prompt_tokens":1,""");
    }

    [Fact]
    public async Task Glm_whole_answer_carries_reasoning_usage_and_request_id()
    {
        await using var sim = await SimulatorHarness.StartAsync(new ManualTime(), Short);

        (await sim.BodyAsync("glm", Ask.Whole("glm-5.2"))).ShouldBe(
            """{"id":"2026090110150000000001","request_id":"2026090110150000000001","created":1788228900,"model":"glm-5.2","choices":[{"index":0,"message":{"role":"assistant","content":"Hi é!","reasoning_content":"The "},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":3,"total_tokens":4,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":1}}}""");
    }

    [Fact]
    public async Task Kimi_whole_answer_carries_usage_at_top_level()
    {
        await using var sim = await SimulatorHarness.StartAsync(new ManualTime(), Short with { ReasoningTokens = 0 });

        (await sim.BodyAsync("kimi", Ask.Whole("kimi-k2.6"))).ShouldBe(
            """{"id":"chatcmpl-0000000000000001","object":"chat.completion","created":1788228900,"model":"kimi-k2.6","choices":[{"index":0,"message":{"role":"assistant","content":"Hi é!"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cached_tokens":0,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}""");
    }

    [Fact]
    public async Task Glm_web_search_with_results_puts_sources_on_the_last_chunk()
    {
        await using var sim = await SimulatorHarness.StartAsync(Short);
        var tools = new object[] { new { type = "web_search", web_search = new { enable = true, search_engine = "search_std", search_result = true } } };

        var (lines, _) = await sim.LinesAsync("glm", Ask.Stream("glm-5.2", extra: new { tools }));

        lines[^2].ShouldContain(""","web_search":[{"icon":"","title":"First simulated source","link":"https://example.com/first",""");
        lines.Take(lines.Count - 2).ShouldAllBe(line => !line.Contains("web_search"));
    }

    [Fact]
    public async Task Glm_web_search_without_search_result_sends_no_sources()
    {
        await using var sim = await SimulatorHarness.StartAsync(Short);
        var tools = new object[] { new { type = "web_search", web_search = new { enable = true, search_engine = "search_std" } } };

        (await sim.BodyAsync("glm", Ask.Stream("glm-5.2", extra: new { tools }))).ShouldNotContain("web_search");
    }

    private static string Events(params string[] data) => string.Concat(data.Select(line => $"data: {line}\n\n"));
}
