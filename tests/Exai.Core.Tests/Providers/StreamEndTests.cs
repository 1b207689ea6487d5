using Exai.Core.Providers;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

/// <summary>How a stream ends; the parser checklist's rules 28 to 33. Rule 31 has its tests with the connection and the clocks.</summary>
public sealed class StreamEndTests
{
    /// <summary>Rule 28.</summary>
    [Fact]
    public async Task Done_without_a_finish_reason_ends_the_answer()
    {
        var outcome = await Wire.GenericAsync(Wire.Events(Wire.Delta("\"content\":\"Hello\""), "[DONE]"));

        outcome.Failure.ShouldBeNull();
        (outcome.Text, outcome.Finish).ShouldBe(("Hello", null));
    }

    /// <summary>Rule 28: what follows the end is not read, not even an error.</summary>
    [Theory]
    [InlineData("data: [DONE]\n\n")]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\" ghost\"}}]}\n\n")]
    [InlineData("event: error\ndata: {\"error\":\"late\"}\n\n")]
    [InlineData("garbage")]
    public async Task Nothing_after_the_end_is_read(string late)
    {
        var outcome = await Wire.GenericAsync(Wire.Events(Wire.Delta("\"content\":\"Hello\"", "stop"), "[DONE]") + late);
        (outcome.Failure, outcome.Text, outcome.Skipped).ShouldBe((null, "Hello", null));
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

    /// <summary>Rule 29.</summary>
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

    /// <summary>Rule 30, trap 44.</summary>
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

    /// <summary>Rule 30.</summary>
    [Fact]
    public async Task Nothing_but_done_is_no_answer() =>
        (await Wire.GlmAsync("data: [DONE]\n\n")).Failed.Message.ShouldContain("no answer (finish reason none given, tokens spent not told)");

    /// <summary>LM Studio takes too long a prompt without a word; another try would fail the same way.</summary>
    [Theory]
    [InlineData("data: [DONE]\n\n")]
    [InlineData("")]
    [InlineData(": ping\n\n")]
    [InlineData("data: {\"choices\":[]}\n\n")]
    public async Task Local_server_that_sends_no_delta_is_not_asked_again(string body)
    {
        var failed = (await Wire.GenericAsync(body)).Failed;

        (failed.FailureClass, failed.Fallback, failed.Error.Stage).ShouldBe((FailureClass.FallBackWithNotice, Fallback.Allowed, Stages.FirstToken));
        failed.Message.ShouldContain("check the window");
    }

    /// <summary>The same from a provider in the net is a stream that broke off.</summary>
    [Fact]
    public async Task Provider_that_sends_no_delta_is_asked_again() =>
        (await Wire.GlmAsync(": ping\n\n")).Failed.FailureClass.ShouldBe(FailureClass.RetryShort);

    /// <summary>Rule 32: who shows text must learn that it was taken back.</summary>
    [Theory]
    [InlineData("""{"choices":[{"delta":{},"finish_reason":"sensitive"}]}""", true)]
    [InlineData("""{"choices":[{"delta":{},"finish_reason":"content_filter"}]}""", true)]
    [InlineData("""{"error":{"code":"1301","message":"blocked"}}""", true)]
    [InlineData("""{"error":{"code":"content_filter","message":"The response was filtered","innererror":{"code":"ResponsibleAIPolicyViolation"}}}""", true)]
    [InlineData("""{"choices":[{"delta":{},"finish_reason":"network_error"}]}""", false)]
    [InlineData("""{"error":{"code":"1305","message":"busy"}}""", false)]
    public async Task Failure_says_whether_shown_text_is_withdrawn(string end, bool withdrawn)
    {
        var outcome = await Wire.GlmAsync(Wire.Events(Wire.Delta("\"content\":\"Some text\""), end));

        outcome.Text.ShouldBe("Some text");
        outcome.Failed.WithdrawsText.ShouldBe(withdrawn);
        (outcome.Failed.Fallback == Fallback.None).ShouldBe(withdrawn);
    }

    /// <summary>Rule 33: a client never sends a request twice of itself.</summary>
    [Fact]
    public async Task Broken_stream_is_not_asked_for_again()
    {
        var handler = VerbatimHandler.Answering(Wire.Events(Wire.Delta("\"content\":\"Half\"")));

        (await Wire.RunAsync(Wire.Kimi(handler), Wire.Options("kimi-k3"))).Failure.ShouldNotBeNull();
        handler.Requests.ShouldBe(1);
    }
}
