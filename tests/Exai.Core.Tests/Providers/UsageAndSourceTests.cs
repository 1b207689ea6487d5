using Exai.Core.Providers;

namespace Exai.Core.Tests.Providers;

/// <summary>Token counts and web sources; the parser checklist's rules 25 to 27.</summary>
public sealed class UsageAndSourceTests
{
    /// <summary>Rule 25.</summary>
    [Fact]
    public async Task Usage_on_every_chunk_counts_once_with_its_last_values()
    {
        var outcome = await Wire.GenericAsync(Wire.Events(
            """{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}""",
            """{"choices":[{"delta":{"content":"b"}}],"usage":{"prompt_tokens":5,"completion_tokens":2.0,"prompt_cache_hit_tokens":4}}""",
            """{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}"""));

        outcome.Usage.ShouldNotBeNull();
        (outcome.Usage.InputTokenCount, outcome.Usage.OutputTokenCount, outcome.Usage.CachedInputTokenCount).ShouldBe((5, 2, 4));
    }

    /// <summary>Rule 26; new-api sends zeros first.</summary>
    [Theory]
    [InlineData("""{"usage":{"prompt_tokens":5,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}""")]
    [InlineData("""{"usage":{"prompt_tokens":5,"completion_tokens":2,"cached_tokens":4}}""")]
    [InlineData("""{"usage":{"prompt_tokens":5,"completion_tokens":2,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":1}}""")]
    [InlineData("""{"choices":[{"delta":{},"usage":{"prompt_tokens":5,"completion_tokens":2,"cached_tokens":4}}],"usage":null}""")]
    public async Task Cached_tokens_are_found_wherever_they_stand(string chunk)
    {
        var outcome = await Wire.GenericAsync(Wire.Events(
            """{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}""", chunk, Wire.Delta("", "stop")));

        outcome.Usage.ShouldNotBeNull();
        (outcome.Usage.InputTokenCount, outcome.Usage.OutputTokenCount, outcome.Usage.CachedInputTokenCount).ShouldBe((5, 2, 4));
    }

    /// <summary>Rule 27.</summary>
    [Theory]
    [InlineData("""{"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}],"web_search":[{"title":"A","link":"https://a"},{"title":"A again","link":"https://a"},{"link":"https://b"},{"title":"no link"}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":"Hi","web_search":[{"title":"A","link":"https://a"},{"link":"https://b"}]},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"message":{"content":"Hi","web_search":[{"title":"A","link":"https://a"},{"link":"https://b"}]},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}],"web_search":[{"search_result":[{"title":"A","link":"https://a"},{"link":"https://b"}]}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}],"search_result":[{"title":"A","link":"https://a"},{"link":"https://b"}]}""")]
    public async Task Web_sources_are_found_wherever_they_stand(string chunk) =>
        (await Wire.GlmAsync(Wire.Events(chunk, "[DONE]"))).Sources.ShouldBe([new WebSource("A", "https://a"), new WebSource("https://b", "https://b")]);

    [Fact]
    public async Task Sources_survive_the_putting_together()
    {
        using var client = Wire.Glm(VerbatimHandler.Answering(Wire.Events(
            """{"choices":[],"web_search":[{"title":"A","link":"https://a"}]}""", Wire.Delta("\"content\":\"Hi\"", "stop"))));
        var response = await client.GetResponseAsync(Wire.Hello(), Wire.Options("glm-4.6"));

        response.AdditionalProperties.ShouldNotBeNull()[WebSource.Key].ShouldBeAssignableTo<IReadOnlyList<WebSource>>().ShouldNotBeNull().Count.ShouldBe(1);
    }
}
