using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

/// <summary>What a chunk may look like; the parser checklist's rules 10 to 16, and captures of each dialect.</summary>
public sealed class ChunkTests
{
    private const string GlmCapture = """
        data: {"id":"20260901101500ab","created":1788200000,"object":"chat.completion.chunk","model":"glm-5.3","choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":"Check"}}]}

        data: {"id":"20260901101500ab","choices":[{"index":0,"delta":{"role":"assistant","content":"\n"}}]}

        data: {"id":"20260901101500ab","choices":[{"index":0,"delta":{"role":"assistant","content":"Noon."}}]}

        data: {"id":"20260901101500ab","choices":[{"index":0,"finish_reason":"stop","delta":{"role":"assistant","content":""}}],"usage":{"prompt_tokens":40,"completion_tokens":12,"total_tokens":52,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":5}}}

        data: [DONE]


        """;

    private const string KimiCapture = """
        data:{"id":"chatcmpl-9f","object":"chat.completion.chunk","created":1788300000,"model":"kimi-k2.6","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

        data:{"choices":[{"index":0,"delta":{"reasoning_content":"Look"},"finish_reason":null}]}

        data:{"choices":[{"index":0,"delta":{"content":"Here","reasoning_content":null},"finish_reason":null}]}

        data:{"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":30,"completion_tokens":21,"total_tokens":51,"cached_tokens":16,"prompt_tokens_details":{"cached_tokens":16}}}]}

        data:{"choices":[],"usage":{"prompt_tokens":30,"completion_tokens":21,"total_tokens":51}}

        data:[DONE]


        """;

    private const string AzureCapture = """
        data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}

        data: {"choices":[{"content_filter_results":{},"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0}],"id":"chatcmpl-1","model":"gpt-4.1","object":"chat.completion.chunk"}

        data: {"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"delta":{"content":"Hello"},"finish_reason":null,"index":0}],"id":"chatcmpl-1","model":"gpt-4.1"}

        data: {"choices":[{"content_filter_offsets":{"check_offset":44,"start_offset":44,"end_offset":198},"content_filter_results":{"hate":{"filtered":false}},"finish_reason":null,"index":0}],"id":"","model":"","object":""}

        data: {"choices":[{"delta":{},"finish_reason":"stop","index":0}],"id":"chatcmpl-1","model":"gpt-4.1"}

        data: [DONE]


        """;

    private const string OpenRouterCapture = """
        : OPENROUTER PROCESSING

        data: {"id":"gen-1","provider":"X","model":"z-ai/glm-4.6","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"Hm","reasoning_details":[{"type":"reasoning.text","text":"Hm","format":"unknown","index":0}]},"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}

        : OPENROUTER PROCESSING

        data: {"id":"gen-1","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":"stop","native_finish_reason":"stop"}]}

        data: {"id":"gen-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12,"cost":0.0001,"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":2}}}

        data: [DONE]


        """;

    private const string DeepSeekCapture = """
        : keep-alive

        data: {"id":"d","model":"deepseek-reasoner","system_fingerprint":"f","choices":[{"index":0,"delta":{"role":"assistant","content":null,"reasoning_content":""},"logprobs":null,"finish_reason":null}]}

        data: {"id":"d","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"Hm"},"finish_reason":null}]}

        : keep-alive

        data: {"id":"d","choices":[{"index":0,"delta":{"content":"Hello","reasoning_content":null},"finish_reason":null}]}

        data: {"id":"d","choices":[{"index":0,"delta":{"content":"","reasoning_content":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":5,"prompt_cache_hit_tokens":1,"prompt_cache_miss_tokens":6,"completion_tokens_details":{"reasoning_tokens":2}}}

        data: [DONE]


        """;

    private const string LlamaCapture = """
        data: {"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"id":"chatcmpl-x","object":"chat.completion.chunk"}

        data: {"choices":[{"finish_reason":null,"index":0,"delta":{"reasoning_content":"Hm"}}],"id":"chatcmpl-x"}

        data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":"Hello"}}],"id":"chatcmpl-x"}

        data: {"choices":[{"finish_reason":"stop","index":0,"delta":{}}],"id":"chatcmpl-x","usage":{"completion_tokens":5,"prompt_tokens":7},"timings":{"prompt_n":7,"predicted_per_second":40.5}}

        data: [DONE]
        """;

    /// <summary>Trap 81.</summary>
    [Fact]
    public async Task Glm_capture_keeps_reasoning_apart_from_the_answer_trap_81()
    {
        var outcome = await Wire.GlmAsync(GlmCapture);

        outcome.Failure.ShouldBeNull();
        outcome.Text.ShouldBe("\nNoon.");
        outcome.Reasoning.ShouldBe("Check");
        outcome.Finish.ShouldBe("stop");
        outcome.Updates.ShouldAllBe(update => update.ModelId == "glm-5.3" && update.ResponseId == "20260901101500ab" && update.Role == ChatRole.Assistant);
        outcome.Usage.ShouldNotBeNull();
        (outcome.Usage.InputTokenCount, outcome.Usage.OutputTokenCount, outcome.Usage.CachedInputTokenCount, outcome.Usage.ReasoningTokenCount)
            .ShouldBe((40, 12, 8, 5));
    }

    /// <summary>Rules 25 and 26.</summary>
    [Fact]
    public async Task Kimi_capture_keeps_the_cached_count_of_the_choice_usage()
    {
        var outcome = await Wire.KimiAsync(KimiCapture);

        outcome.Failure.ShouldBeNull();
        outcome.Text.ShouldBe("Here");
        outcome.Reasoning.ShouldBe("Look");
        outcome.Usage.ShouldNotBeNull();
        (outcome.Usage.InputTokenCount, outcome.Usage.OutputTokenCount, outcome.Usage.CachedInputTokenCount, outcome.Usage.TotalTokenCount)
            .ShouldBe((30, 21, 16, 51));
    }

    /// <summary>Section 3: the shapes of other servers, all with the reasoning "Hm" and the answer "Hello".</summary>
    [Theory]
    [InlineData(AzureCapture, "", null, null)]
    [InlineData(OpenRouterCapture, "Hm", 5, 1)]
    [InlineData(DeepSeekCapture, "Hm", 5, 1)]
    [InlineData(LlamaCapture, "Hm", 5, null)]
    public async Task Capture_of_another_server_is_read(string capture, string reasoning, int? output, int? cached)
    {
        var outcome = await Wire.GenericAsync(capture);

        outcome.Failure.ShouldBeNull();
        (outcome.Reasoning, outcome.Text, outcome.Finish, outcome.Skipped).ShouldBe((reasoning, "Hello", "stop", null));
        (outcome.Usage?.OutputTokenCount, outcome.Usage?.CachedInputTokenCount).ShouldBe((output, cached));
    }

    [Fact]
    public async Task Response_is_the_stream_put_together()
    {
        using var client = Wire.Glm(VerbatimHandler.Answering(GlmCapture));
        var response = await client.GetResponseAsync(Wire.Hello(), Wire.Options("glm-5.3"));

        response.Text.ShouldBe("\nNoon.");
        response.FinishReason.ShouldBe(ChatFinishReason.Stop);
        response.ModelId.ShouldBe("glm-5.3");
        response.Usage.ShouldNotBeNull().OutputTokenCount.ShouldBe(12);
        response.Messages.Count.ShouldBe(1);
    }

    /// <summary>Rules 12 to 15 and 17. Every line is one way to write the same answer "Hello" with reasoning "Hm".</summary>
    [Theory]
    [InlineData("""{"choices":[{"delta":{"reasoning_content":"Hm"}}]}""", """{"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"delta":{"reasoning":"Hm","content":""}}]}""", """{"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"delta":{"reasoning_content":null,"reasoning":"Hm"}}]}""", """{"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"delta":{"reasoning_details":[{"text":"H"},{"text":"m"}]}}]}""", """{"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"delta":{"reasoning":"Hm","reasoning_details":[{"text":"Hm"}]}}]}""", """{"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"delta":{"reasoning_content":"Hm","content":null}}]}""", """{"choices":[{"delta":{"content":[{"type":"text","text":"Hel"},{"type":"text","text":"lo"}]},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"message":{"role":"assistant","reasoning_content":"Hm"}}]}""", """{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[],"prompt_filter_results":[{}]}""", """{"choices":[{"delta":{"reasoning_content":"Hm","content":"Hello"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{"reasoning_content":"Hm"}},{"index":1,"delta":{"content":"AAAA"}}]}""", """{"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"delta":{"reasoning_content":"Hm","content":17}}],"error":null}""", """{"error":{},"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"id":7,"model":null,"choices":[null,3,{"delta":{"reasoning_content":"Hm"}}]}""", """{"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}],"usage":"none"}""")]
    public async Task Spelling_of_a_chunk_does_not_matter(string first, string second)
    {
        var outcome = await Wire.GenericAsync(Wire.Events(first, second, "[DONE]"));

        outcome.Failure.ShouldBeNull();
        (outcome.Reasoning, outcome.Text, outcome.Finish).ShouldBe(("Hm", "Hello", "stop"));
    }

    /// <summary>An escaped pair may be split across chunks.</summary>
    [Fact]
    public async Task Emoji_split_into_two_chunks_is_whole_again()
    {
        var outcome = await Wire.GlmAsync(Wire.Events(Wire.Delta("""
            "content":"a\n\"\\\/\u4e8c\ud83d"
            """), Wire.Delta("""
            "content":"\ude00!"
            """, "stop")));

        outcome.Text.ShouldBe("a\n\"\\/二😀!");
    }

    /// <summary>Rule 16, trap 43.</summary>
    [Theory]
    [InlineData("length")]
    [InlineData("eos_token_of_tomorrow")]
    public async Task Finish_reason_is_kept_as_it_came_trap_43(string reason)
    {
        var outcome = await Wire.GenericAsync(Wire.Events(Wire.Delta("\"content\":\"Half an ans\"", reason), "[DONE]"));

        outcome.Failure.ShouldBeNull();
        (outcome.Text, outcome.Finish).ShouldBe(("Half an ans", reason));
    }

    /// <summary>Rule 15.</summary>
    [Fact]
    public async Task Second_finish_chunk_brings_its_usage_once()
    {
        var outcome = await Wire.GlmAsync(Wire.Events(
            Wire.Delta("\"content\":\"Hello\"", "stop"),
            """{"choices":[{"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"""));

        outcome.Failure.ShouldBeNull();
        outcome.Text.ShouldBe("Hello");
        outcome.Usage.ShouldNotBeNull().InputTokenCount.ShouldBe(3);
    }

    /// <summary>Rule 15: the first finish stands, unless a later one is a failure.</summary>
    [Theory]
    [InlineData("length", "stop", "length")]
    [InlineData("stop", "sensitive", null)]
    public async Task Second_finish_reason_does_not_replace_the_first(string first, string second, string? kept)
    {
        var body = Wire.Events(Wire.Delta("\"content\":\"Hello\"", first), Wire.Delta("", second));
        var outcome = await Wire.GlmAsync(body);

        (outcome.Failure is null).ShouldBe(kept is not null);
        (outcome.Failure is null ? outcome.Finish : null).ShouldBe(kept);
    }
}
