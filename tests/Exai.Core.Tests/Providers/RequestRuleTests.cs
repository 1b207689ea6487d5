using Exai.Core.Models;
using Exai.Core.Providers;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

/// <summary>One row per rule and family of models: the exact members after messages and stream.</summary>
public sealed class RequestRuleTests
{
    private const string Kimi = "\"stream_options\":{\"include_usage\":true}";

    /// <summary>Trap 81: a wish for depth reaches the provider, in its own words.</summary>
    [Theory]
    // GLM: a level of its own, where the model has levels; the switch elsewhere.
    [InlineData("glm-5.3", ThinkingMode.Low, true, "\"thinking\":{\"type\":\"enabled\"},\"reasoning_effort\":\"low\"")]
    [InlineData("glm-5.3", ThinkingMode.Minimal, true, "\"thinking\":{\"type\":\"enabled\"},\"reasoning_effort\":\"low\"")]
    [InlineData("glm-5.3-flash", ThinkingMode.Medium, true, "\"thinking\":{\"type\":\"enabled\"},\"reasoning_effort\":\"high\"")]
    [InlineData("glm-5.3", null, false, null)]
    [InlineData("glm-5.2", ThinkingMode.Low, true, "\"thinking\":{\"type\":\"enabled\"},\"reasoning_effort\":\"high\"")]
    [InlineData("glm-5.2", ThinkingMode.Max, null, "\"reasoning_effort\":\"max\"")]
    [InlineData("glm-5.2", ThinkingMode.Max, false, "\"thinking\":{\"type\":\"disabled\"}")]
    [InlineData("glm-5.1", ThinkingMode.Max, true, "\"thinking\":{\"type\":\"enabled\"}")]
    [InlineData("glm-4.7", null, false, "\"thinking\":{\"type\":\"disabled\"}")]
    [InlineData("glm-4.6", ThinkingMode.High, true, "\"thinking\":{\"type\":\"enabled\"}")]
    [InlineData("glm-4.6", null, null, null)]
    [InlineData("glm-4-flash-250414", ThinkingMode.Max, true, null)]
    // Kimi: k2.5 and k2.6 have a switch, k3 levels, k2.7-code and k2-thinking nothing.
    [InlineData("kimi-k3", ThinkingMode.Medium, true, Kimi + ",\"reasoning_effort\":\"high\"")]
    [InlineData("kimi-k3.1-pro", ThinkingMode.Max, true, Kimi + ",\"reasoning_effort\":\"max\"")]
    [InlineData("kimi-k3", ThinkingMode.Low, false, Kimi + ",\"thinking\":{\"type\":\"disabled\"}")]
    [InlineData("kimi-k3", null, null, Kimi)]
    [InlineData("kimi-k2.7-code", ThinkingMode.Max, true, Kimi)]
    [InlineData("kimi-k2.7-code", null, false, Kimi)]
    [InlineData("kimi-k2.6", ThinkingMode.Max, true, Kimi + ",\"thinking\":{\"type\":\"enabled\"}")]
    [InlineData("kimi-k2.6", null, null, Kimi + ",\"thinking\":{\"type\":\"enabled\"}")]
    [InlineData("kimi-k2.5", null, false, Kimi + ",\"thinking\":{\"type\":\"disabled\"}")]
    [InlineData("kimi-k2-thinking", null, false, Kimi)]
    [InlineData("kimi-k2-0905-preview", ThinkingMode.Max, true, Kimi)]
    // A generic server has no common switch.
    [InlineData("some-model", ThinkingMode.Max, true, Kimi)]
    public Task Thinking_is_asked_for_in_the_model_s_own_way(string model, ThinkingMode? effort, bool? thinking, string? members) =>
        CheckAsync(model, members, attempt: new AttemptOptions { Thinking = thinking, Effort = effort });

    [Theory]
    [InlineData("glm-4.6", 0f, 0.5f, "\"do_sample\":false")]
    [InlineData("glm-4.6", 0.333f, 0.9f, "\"temperature\":0.33,\"top_p\":0.9")]
    [InlineData("glm-5.3", 1.7f, 0f, "\"temperature\":1,\"top_p\":0.01")]
    [InlineData("glm-4.6", null, 1.5f, "\"top_p\":1")]
    [InlineData("kimi-k2-0905-preview", 1.5f, 0.8f, Kimi + ",\"temperature\":1,\"top_p\":0.8")]
    [InlineData("moonshot-v1-8k", 0f, null, Kimi + ",\"temperature\":0")]
    [InlineData("kimi-k3", 1f, 0.95f, Kimi)]
    [InlineData("kimi-k2.7-code", 0.5f, 0.5f, Kimi)]
    [InlineData("kimi-k9-unknown", 0.5f, 0.5f, Kimi)]
    [InlineData("some-model", 1.5f, 0.8f, Kimi + ",\"temperature\":1.5,\"top_p\":0.8")]
    public Task Sampling_stays_within_what_the_model_takes(string model, float? temperature, float? topP, string members) =>
        CheckAsync(model, members, options =>
        {
            options.Temperature = temperature;
            options.TopP = topP;
        });

    [Theory]
    [InlineData("glm-4.6", 500_000, "\"max_tokens\":131072")]
    [InlineData("glm-4.5", 500_000, "\"max_tokens\":98304")]
    [InlineData("glm-9-unknown", 500_000, "\"max_tokens\":500000")]
    [InlineData("kimi-k3", 5_000_000, "\"max_completion_tokens\":1048576," + Kimi)]
    [InlineData("some-model", 77, "\"max_tokens\":77," + Kimi)]
    public Task Output_limit_has_the_provider_s_name_and_the_model_s_bound(string model, int limit, string members) =>
        CheckAsync(model, members, options => options.MaxOutputTokens = limit);

    [Theory]
    [InlineData("glm-4.6", "\"stop\":[\"a\"],\"response_format\":{\"type\":\"json_object\"}")]
    [InlineData("kimi-k3", Kimi + ",\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"verdict\",\"schema\":{\"type\":\"object\"}}}")]
    [InlineData("some-model", Kimi + ",\"stop\":[\"a\",\"0123456789012345678901234567890123456789\",\"b\",\"c\",\"d\",\"e\",\"f\"],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"verdict\",\"schema\":{\"type\":\"object\"}}}")]
    public Task Stop_words_and_forms_are_cut_to_what_the_provider_takes(string model, string members) => CheckAsync(model, members, options =>
    {
        options.StopSequences = ["a", "0123456789012345678901234567890123456789", "b", "c", "d", "e", "f"];
        options.ResponseFormat = ChatResponseFormat.ForJsonSchema(System.Text.Json.JsonDocument.Parse("""{"type":"object"}""").RootElement, "verdict");
    });

    [Fact]
    public async Task Refusal_over_missing_reasoning_does_not_unlearn_the_thinking_switch()
    {
        var handler = VerbatimHandler.Failing(
            400, """{"error":{"type":"invalid_request_error","message":"thinking is enabled but reasoning_content is missing in assistant tool call message at index 1"}}""");
        using var client = Wire.Kimi(handler);
        var options = Wire.Options("kimi-k3", new AttemptOptions { Thinking = false });

        var failure = await Should.ThrowAsync<ProviderException>(() => client.GetResponseAsync(Wire.Hello(), options));

        failure.FailureClass.ShouldBe(FailureClass.Stop);
        await Should.ThrowAsync<ProviderException>(() => client.GetResponseAsync(Wire.Hello(), options));
        handler.RequestJson.ShouldNotBeNull().ShouldContain("\"thinking\":{\"type\":\"disabled\"}");
    }

    private static async Task CheckAsync(string model, string? members, Action<ChatOptions>? change = null, AttemptOptions? attempt = null)
    {
        var options = Wire.Options(model, attempt);
        change?.Invoke(options);

        (await Wire.RequestAsync(options)).ShouldBe(
            $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hello"}],"stream":true{{(members is null ? "" : "," + members)}}}""");
    }
}
