using Exai.Core.Providers;
using Exai.Core.Providers.Glm;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

public sealed class RequestTests
{
    private const string Answer = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    private const string UserHello = """{"role":"user","content":"Hello"}""";

    [Fact]
    public async Task Glm_plain_sends_model_messages_and_stream_only() =>
        (await GlmAsync("glm-4.6")).ShouldBe("""{"model":"glm-4.6","messages":[{"role":"user","content":"Hello"}],"stream":true}""");

    [Theory]
    [InlineData("glm-4.6", true, """ "thinking":{"type":"enabled"}""")]
    [InlineData("glm-4.6", false, """ "thinking":{"type":"disabled"}""")]
    [InlineData("glm-4.7-20260101", false, """ "thinking":{"type":"disabled"}""")]
    [InlineData("glm-9-unknown", false, """ "thinking":{"type":"disabled"}""")]
    [InlineData("glm-5.3", true, """ "thinking":{"type":"enabled"}""")]
    [InlineData("glm-5.3", false, null)]
    [InlineData("glm-4-flash-250414", true, null)]
    public async Task Glm_thinking_reaches_the_models_that_take_it_trap_81(string model, bool thinking, string? member) =>
        (await GlmAsync(model, new AttemptOptions { Thinking = thinking }))
            .ShouldBe($$"""{"model":"{{model}}","messages":[{{UserHello}}],"stream":true{{(member is null ? "" : "," + member.Trim())}}}""");

    [Fact]
    public async Task Glm_with_everything_writes_each_member_once()
    {
        var search = new GlmWebSearchOptions("search_pro_jina", 5, "oneWeek", "example.org");
        var json = await GlmAsync("glm-4.6", new AttemptOptions { Thinking = true, WebSearch = true, CacheKey = "t1" }, 1000, 0.3f, search);

        json.ShouldBe(
            """{"model":"glm-4.6","messages":[{"role":"user","content":"Hello"}],"stream":true,"max_tokens":1000,"temperature":0.3,"thinking":{"type":"enabled"},"""
            + """ "tools":[{"type":"web_search","web_search":{"enable":true,"search_engine":"search_pro_jina","search_result":true,"count":5,"search_recency_filter":"oneWeek","search_domain_filter":"example.org"}}]}"""
                .TrimStart());
    }

    [Fact]
    public async Task Glm_web_search_without_limits_leaves_filters_out() =>
        (await GlmAsync("glm-4.6", new AttemptOptions { WebSearch = true }, search: new GlmWebSearchOptions(Recency: "all")))
            .ShouldEndWith(""" "tools":[{"type":"web_search","web_search":{"enable":true,"search_engine":"search-prime","search_result":true,"count":10}}]}""".TrimStart());

    [Theory]
    [InlineData(0f, "\"do_sample\":false}")]
    [InlineData(0.7f, "\"temperature\":0.7}")]
    [InlineData(1.5f, "\"temperature\":1}")]
    public async Task Glm_temperature_stays_in_the_provider_s_range(float temperature, string ending) =>
        (await GlmAsync("glm-4.6", temperature: temperature)).ShouldEndWith(ending);

    [Fact]
    public async Task Output_limit_above_the_model_s_own_is_lowered_to_it() =>
        (await GlmAsync("glm-4.5v", maxTokens: 100_000)).ShouldContain("\"max_tokens\":16384");

    [Fact]
    public async Task Kimi_asks_for_usage_and_names_the_output_limit_its_own_way() =>
        (await KimiAsync("kimi-k2-0905-preview", new AttemptOptions { CacheKey = "thread-1" }, 500, 0.6f)).ShouldBe(
            """{"model":"kimi-k2-0905-preview","messages":[{"role":"user","content":"Hello"}],"stream":true,"max_completion_tokens":500,"stream_options":{"include_usage":true},"temperature":0.6,"prompt_cache_key":"thread-1"}""");

    [Theory]
    [InlineData("kimi-k2.5")]
    [InlineData("kimi-k2.6")]
    [InlineData("kimi-k2.7-code")]
    [InlineData("kimi-k3")]
    [InlineData("kimi-k3-20260901")]
    [InlineData("kimi-k9-unknown")]
    public async Task Kimi_models_with_fixed_or_unknown_sampling_get_no_temperature(string model) =>
        (await KimiAsync(model, temperature: 0.2f)).ShouldNotContain("temperature");

    [Theory]
    [InlineData("kimi-k2.6", true, "enabled")]
    [InlineData("kimi-k2.6", false, "disabled")]
    [InlineData("kimi-k3", false, "disabled")]
    [InlineData("kimi-k3", true, null)]
    [InlineData("kimi-k2.7-code", false, null)]
    [InlineData("kimi-k2.7-code", true, null)]
    [InlineData("kimi-k2-0905-preview", true, null)]
    [InlineData("kimi-k2.6", null, "enabled")]
    public async Task Kimi_thinking_is_sent_only_where_it_is_a_switch(string model, bool? thinking, string? type)
    {
        var json = await KimiAsync(model, new AttemptOptions { Thinking = thinking });

        if (type is null)
            json.ShouldNotContain("thinking");
        else
            json.ShouldContain("{\"include_usage\":true},\"thinking\":{\"type\":\"" + type + "\"}}");
    }

    [Fact]
    public async Task Kimi_that_refuses_the_thinking_member_gets_the_next_request_without_it()
    {
        var refusal = VerbatimHandler.Failing(400, """{"error":{"type":"invalid_request_error","message":"thinking cannot be disabled"}}""");
        using var client = Wire.Kimi(refusal);
        var options = Wire.Options("kimi-k3", new AttemptOptions { Thinking = false });

        var failure = await Should.ThrowAsync<ProviderException>(() => client.GetResponseAsync(Wire.Hello(), options));
        failure.FailureClass.ShouldBe(FailureClass.RetryOnce);
        refusal.RequestJson.ShouldNotBeNull().ShouldContain("thinking");

        // The second refusal is of something else: no further try.
        failure = await Should.ThrowAsync<ProviderException>(() => client.GetResponseAsync(Wire.Hello(), options));
        failure.FailureClass.ShouldBe(FailureClass.Stop);
        refusal.RequestJson.ShouldNotBeNull().ShouldNotContain("thinking");
        refusal.Requests.ShouldBe(2);
    }

    [Fact]
    public async Task Generic_sends_what_all_servers_know()
    {
        var handler = VerbatimHandler.Answering(Answer);
        var attempt = new AttemptOptions { Thinking = true, WebSearch = true, CacheKey = "t" };
        await Wire.RunAsync(Wire.Generic(handler), Wire.Options("llama", attempt, 100, 0.123f));

        handler.RequestJson.ShouldBe(
            """{"model":"llama","messages":[{"role":"user","content":"Hello"}],"stream":true,"max_tokens":100,"stream_options":{"include_usage":true},"temperature":0.12}""");
        handler.RequestHeaders.ShouldNotContainKey("Authorization");
        handler.Request!.RequestUri.ShouldBe(new Uri("http://localhost:8080/v1/chat/completions"));
    }

    [Fact]
    public async Task OpenAi_gets_its_own_name_for_the_output_limit()
    {
        var handler = VerbatimHandler.Answering(Answer);
        await Wire.RunAsync(Wire.Generic(handler, "https://api.openai.com/v1"), Wire.Options("gpt", maxTokens: 7));
        handler.RequestJson.ShouldNotBeNull().ShouldContain("\"max_completion_tokens\":7");
    }

    [Fact]
    public async Task Requests_never_ask_the_provider_to_store_trap_211()
    {
        foreach (var json in new[] { await GlmAsync("glm-4.6"), await KimiAsync("kimi-k3") })
            json.ShouldNotContain("store");
    }

    [Fact]
    public async Task Glm_headers_carry_key_and_language()
    {
        var handler = VerbatimHandler.Answering(Answer);
        await Wire.RunAsync(Wire.Glm(handler), Wire.Options("glm-4.6"));

        handler.RequestHeaders["Authorization"].ShouldBe("Bearer " + Wire.GlmKey);
        handler.RequestHeaders["Accept-Language"].ShouldBe("en-US,en");
        handler.RequestHeaders["Accept"].ShouldBe("text/event-stream");
        handler.Request!.RequestUri.ShouldBe(new Uri("https://api.z.ai/api/paas/v4/chat/completions"));
        handler.Request.Content!.Headers.ContentType!.ToString().ShouldBe("application/json");
    }

    [Fact]
    public async Task Messages_without_text_are_dropped_and_reasoning_is_not_resent()
    {
        ChatMessage[] messages =
        [
            new(ChatRole.System, "Be brief."),
            new(ChatRole.User, "One"),
            new(ChatRole.Assistant, [new TextReasoningContent("hm"), new TextContent("1")]),
            new(ChatRole.Assistant, [new TextReasoningContent("only thoughts")]),
            new(ChatRole.Assistant, "  "),
            new(ChatRole.User, "Two \"quoted\" 二"),
        ];
        var handler = VerbatimHandler.Answering(Answer);
        await Wire.RunAsync(Wire.Glm(handler), Wire.Options("glm-4.6"), messages);

        handler.RequestJson.ShouldBe(
            """{"model":"glm-4.6","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"One"},{"role":"assistant","content":"1"},{"role":"user","content":"Two \"quoted\" 二"}],"stream":true}""");
    }

    [Fact]
    public async Task Text_with_half_a_surrogate_pair_is_sent_nonetheless()
    {
        var handler = VerbatimHandler.Answering(Answer);
        var outcome = await Wire.RunAsync(Wire.Glm(handler), Wire.Options("glm-4.6"), [new ChatMessage(ChatRole.User, "cut \ud83d")]);

        outcome.Failure.ShouldBeNull();
        handler.RequestJson.ShouldNotBeNull().ShouldContain("cut ");
    }

    [Theory]
    [InlineData("sk-with\nbreak")]
    [InlineData("sk-with\u00a0space")]
    public async Task Key_that_no_header_can_carry_is_told_without_showing_it_trap_199(string key)
    {
        var handler = VerbatimHandler.Answering(Answer);
        var endpoint = new ProviderEndpoint { Name = "kimi", BaseUrl = new Uri("https://api.moonshot.ai/v1"), ApiKey = key };
        var failed = (await Wire.RunAsync(
            ProviderClients.Kimi(endpoint, Wire.Catalogue, new FixedTime(), handler), Wire.Options("kimi-k3"))).Failed;

        failed.Error.Code.ShouldBe(ErrorCodes.ProviderAuth);
        failed.ToString().ShouldNotContain("sk-with");
        handler.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task Model_left_out_is_a_programming_error()
    {
        using var client = Wire.Glm(VerbatimHandler.Answering(Answer));
        await Should.ThrowAsync<ArgumentException>(() => client.GetResponseAsync(Wire.Hello()));
    }

    private static async Task<string> GlmAsync(
        string model, AttemptOptions? attempt = null, int? maxTokens = null, float? temperature = null, GlmWebSearchOptions? search = null)
    {
        var handler = VerbatimHandler.Answering(Answer);
        (await Wire.RunAsync(Wire.Glm(handler, search), Wire.Options(model, attempt, maxTokens, temperature))).Text.ShouldBe("Hi");
        return handler.RequestJson.ShouldNotBeNull();
    }

    private static async Task<string> KimiAsync(string model, AttemptOptions? attempt = null, int? maxTokens = null, float? temperature = null)
    {
        var handler = VerbatimHandler.Answering(Answer);
        (await Wire.RunAsync(Wire.Kimi(handler), Wire.Options(model, attempt, maxTokens, temperature))).Text.ShouldBe("Hi");
        return handler.RequestJson.ShouldNotBeNull();
    }
}
