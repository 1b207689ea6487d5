using Exai.Core.Providers;
using Exai.Core.Providers.Streaming;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

public sealed class DecoderTests
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

    /// <summary>Every line is one way to write the same answer "Hello" with reasoning "Hm".</summary>
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

    [Theory]
    [InlineData("data: {0}\n\ndata: [DONE]\n\n")]
    [InlineData("data:{0}\n\ndata:[DONE]\n\n")]
    [InlineData("data: {0}\r\n\r\ndata: [DONE]\r\n\r\n")]
    [InlineData("data: {0}\r\rdata: [DONE]\r\r")]
    [InlineData("\ufeffdata: {0}\n\ndata: [DONE]\n\n")]
    [InlineData("\n\n  \n: OPENROUTER PROCESSING\n\nid: 1\nretry: 5\nevent: message\ndata: {0}\n\n: keep-alive\n\ndata: [DONE]\n\n")]
    [InlineData("event: ping\ndata: {{}}\n\ndata: {0}\n\n")]
    [InlineData("data: {0}\n\ndata: [DONE]\n\ndata: [DONE]\n\ndata: {{\"error\":\"late\"}}\n\n")]
    [InlineData("data: {0}\n\n")]
    [InlineData("data: {0}\n")]
    [InlineData("data: {0}")]
    [InlineData("data: {0}\n\ndata: [DONE]")]
    [InlineData("data: {0}\n\ndata: \n\ndata:\n\n")]
    [InlineData("{0}")]
    [InlineData("\n\r\n \n{0}\n")]
    public async Task Framing_does_not_matter(string frame)
    {
        var chunk = """{"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}""";
        var outcome = await Wire.GenericAsync(string.Format(frame, chunk));

        outcome.Failure.ShouldBeNull();
        (outcome.Text, outcome.Finish, outcome.Skipped).ShouldBe(("Hello", "stop", null));
    }

    [Fact]
    public async Task Data_lines_of_one_event_are_joined() =>
        (await Wire.GenericAsync("data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\n")).Text.ShouldBe("Hello");

    [Fact]
    public async Task Done_without_a_finish_reason_ends_the_answer()
    {
        var outcome = await Wire.GenericAsync(Wire.Events(Wire.Delta("\"content\":\"Hello\""), "[DONE]"));

        outcome.Failure.ShouldBeNull();
        (outcome.Text, outcome.Finish).ShouldBe(("Hello", null));
    }

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

    [Fact]
    public async Task Finish_is_told_before_the_server_closes_its_stream()
    {
        using var client = Wire.Glm(new VerbatimHandler { Reads = [Wire.Utf8(Wire.Events(Wire.Delta("\"content\":\"Hello\"", "stop")))], Hangs = true });
        using var cancelled = new CancellationTokenSource();

        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in client.GetStreamingResponseAsync(Wire.Hello(), Wire.Options("glm-4.6"), cancelled.Token))
            {
                (update.Text, update.FinishReason).ShouldBe(("Hello", ChatFinishReason.Stop));
                await cancelled.CancelAsync();
            }
        });
    }

    [Theory]
    [InlineData("length")]
    [InlineData("eos_token_of_tomorrow")]
    public async Task Finish_reason_is_kept_as_it_came_trap_43(string reason)
    {
        var outcome = await Wire.GenericAsync(Wire.Events(Wire.Delta("\"content\":\"Half an ans\"", reason), "[DONE]"));

        outcome.Failure.ShouldBeNull();
        (outcome.Text, outcome.Finish).ShouldBe(("Half an ans", reason));
    }

    [Theory]
    [InlineData("stop", FailureClass.RetryOnce)]
    [InlineData("length", FailureClass.Stop)]
    public async Task Finish_without_text_is_a_typed_no_answer_with_its_price_trap_44(string reason, FailureClass failureClass)
    {
        var outcome = await Wire.KimiAsync(Wire.Events(
            Wire.Delta("\"content\":\"\",\"reasoning_content\":\"Well\""),
            Wire.Delta("\"content\":\"\\n\"", reason),
            """{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":64,"completion_tokens_details":{"reasoning_tokens":59}}}""",
            "[DONE]"));

        outcome.Failed.FailureClass.ShouldBe(failureClass);
        outcome.Failed.Error.Code.ShouldBe(ErrorCodes.ProviderError);
        outcome.Failed.Error.Stage.ShouldBe(Stages.Finish);
        outcome.Failed.Message.ShouldContain($"no answer (finish reason {reason}, 64 output tokens spent, 59 of them on reasoning)");
        outcome.Usage.ShouldNotBeNull().OutputTokenCount.ShouldBe(64);
    }

    [Fact]
    public async Task Nothing_but_done_is_no_answer() =>
        (await Wire.GlmAsync("data: [DONE]\n\n")).Failed.Message.ShouldContain("no answer (finish reason none given, tokens spent not told)");

    [Theory]
    [InlineData("\"content\":\"Half\"", Stages.Answer, FailureClass.RetryOnce)]
    [InlineData("\"reasoning_content\":\"Hm\"", Stages.Reasoning, FailureClass.RetryShort)]
    [InlineData("\"role\":\"assistant\"", Stages.FirstToken, FailureClass.RetryShort)]
    public async Task End_without_a_finish_is_truncated_at_its_stage(string delta, string stage, FailureClass failureClass)
    {
        var failed = (await Wire.GlmAsync(Wire.Events(Wire.Delta(delta)))).Failed;

        failed.Error.Code.ShouldBe(ErrorCodes.ProviderError);
        (failed.Error.Stage, failed.FailureClass).ShouldBe((stage, failureClass));
        failed.Message.ShouldContain("ended without a finish");
    }

    [Fact]
    public async Task Unreadable_events_are_skipped_and_counted()
    {
        var outcome = await Wire.GlmAsync(Wire.Events(
            Wire.Delta("\"content\":\"Hel\""), """{"id":"x","choices":[{"delta":{"con""", "upstream says no", Wire.Delta("\"content\":\"lo\"", "stop")));

        outcome.Failure.ShouldBeNull();
        (outcome.Text, outcome.Skipped).ShouldBe(("Hello", 2));
    }

    [Fact]
    public async Task Unreadable_end_is_truncation_that_tells_of_it() =>
        (await Wire.GlmAsync("data: " + Wire.Delta("\"content\":\"Half\"") + "\n\ndata: {\"choices\":[{\"del")).Failed.Message
            .ShouldContain("after 4 characters of the answer and 1 unreadable events");

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

    [Fact]
    public async Task Stream_of_many_chunks_and_megabytes_is_whole_trap_93()
    {
        var piece = new string('x', 1000);
        var body = string.Concat(Enumerable.Repeat(Wire.Events(Wire.Delta($"\"content\":\"{piece}\"")), 11_000)) + Wire.Events(Wire.Delta("", "stop"));
        var outcome = await Wire.GlmAsync(body);

        outcome.Failure.ShouldBeNull();
        outcome.Text.Length.ShouldBe(11_000_000);
    }

    [Theory]
    [InlineData("data: ")]
    [InlineData("{\"choices\":\"")]
    [InlineData(": ")]
    public async Task Event_without_end_is_an_error_and_not_all_memory(string opening)
    {
        var failed = (await Wire.GlmAsync(opening + new string('x', ObservedStream.DefaultMaxEventBytes))).Failed;

        failed.Error.Code.ShouldBe(ErrorCodes.ProviderError);
        failed.Message.ShouldContain("a single event of more than 8 MiB");
    }
}
