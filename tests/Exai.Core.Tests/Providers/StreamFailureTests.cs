using Exai.Core.Providers;
using Exai.Protocol;

namespace Exai.Core.Tests.Providers;

/// <summary>Failures after the server has said 200.</summary>
public sealed class StreamFailureTests
{
    private const string Usage = ""","usage":{"prompt_tokens":40,"completion_tokens":12}""";

    [Theory]
    [InlineData("sensitive", ErrorCodes.ContentFiltered, FailureClass.Stop)]
    [InlineData("network_error", ErrorCodes.ProviderError, FailureClass.RetryShort)]
    [InlineData("model_context_window_exceeded", ErrorCodes.ContextTooLarge, FailureClass.Shrink)]
    [InlineData("content_filter", ErrorCodes.ContentFiltered, FailureClass.Stop)]
    public async Task Glm_finish_reason_that_is_a_failure_is_one_with_its_price(string reason, string error, FailureClass failureClass)
    {
        var outcome = await Wire.GlmAsync(Wire.Events(
            Wire.Delta("\"content\":\"Partly\""),
            $$"""{"choices":[{"index":0,"finish_reason":"{{reason}}","delta":{"content":""} }]{{Usage}} }""",
            "[DONE]"));

        (outcome.Failed.Error.Code, outcome.Failed.FailureClass, outcome.Failed.VendorCode, outcome.Failed.Error.Stage)
            .ShouldBe((error, failureClass, reason, Stages.Answer));
        outcome.Usage.ShouldNotBeNull().OutputTokenCount.ShouldBe(12);
        outcome.Finish.ShouldBeNull();
    }

    [Fact]
    public async Task Glm_finish_reasons_mean_nothing_special_elsewhere() =>
        (await Wire.GenericAsync(Wire.Events(Wire.Delta("\"content\":\"Hi\"", "sensitive")))).Failure.ShouldBeNull();

    [Theory]
    [InlineData("""data: {"error":{"code":"1305","message":"busy"}}""", ErrorCodes.ProviderError, FailureClass.RetryLong, "1305")]
    [InlineData("""data: {"error":{"code":1302,"message":"busy"}}""", ErrorCodes.RateLimited, FailureClass.RetryShort, "1302")]
    [InlineData("""data: {"code":"1301","message":"blocked"}""", ErrorCodes.ContentFiltered, FailureClass.Stop, "1301")]
    [InlineData("""data: {"code":1234,"msg":"network"}""", ErrorCodes.ProviderError, FailureClass.RetryShort, "1234")]
    [InlineData("""data: {"error":{"type":"1113","message":"no balance"}}""", ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice, "1113")]
    [InlineData("""{"error":{"code":"1211","message":"no such model"}}""", ErrorCodes.ModelNotFound, FailureClass.FallBackWithNotice, "1211")]
    public async Task Glm_error_within_a_stream_is_judged_by_its_code(string body, string error, FailureClass failureClass, string code)
    {
        var failed = (await Wire.GlmAsync(body + "\n\n")).Failed;
        (failed.Error.Code, failed.FailureClass, failed.VendorCode, failed.Error.Stage).ShouldBe((error, failureClass, code, Stages.FirstToken));
    }

    [Theory]
    [InlineData("""data: {"error":{"message":"upstream lost","code":502},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}""", ErrorCodes.ProviderError, FailureClass.RetryShort)]
    [InlineData("""data: {"error":{"message":"slow down","code":429},"choices":[]}""", ErrorCodes.RateLimited, FailureClass.RetryShort)]
    [InlineData("""data: {"choices":[{"delta":{},"finish_reason":"error"}]}""", ErrorCodes.ProviderError, FailureClass.RetryShort)]
    [InlineData("""data: {"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}]}""", ErrorCodes.ProviderError, FailureClass.RetryLong)]
    [InlineData("""data: {"error":"upstream says no"}""", ErrorCodes.ProviderError, FailureClass.RetryOnce)]
    [InlineData("""data: {"error":{"message":"x","type":"<nil>","code":null}}""", ErrorCodes.ProviderError, FailureClass.RetryOnce)]
    [InlineData("""data: {"object":"error","message":"vLLM","code":500}""", ErrorCodes.ProviderError, FailureClass.RetryShort)]
    [InlineData("""data: {"code":20015,"message":"bad","data":null}""", ErrorCodes.ProviderError, FailureClass.RetryOnce)]
    [InlineData("""data: {"error":{"message":"…overloaded…","type":"engine_overloaded_error"}}""", ErrorCodes.ProviderError, FailureClass.RetryLong)]
    [InlineData("event: error\ndata: {\"error\":{\"message\":\"context too small\"}}", ErrorCodes.ProviderError, FailureClass.FallBackWithNotice)]
    [InlineData("event: error\ndata: {\"message\":\"context too small\"}", ErrorCodes.ProviderError, FailureClass.FallBackWithNotice)]
    [InlineData("event: error\ndata: context too small", ErrorCodes.ProviderError, FailureClass.FallBackWithNotice)]
    public async Task Error_within_a_stream_is_found_in_every_shape(string body, string error, FailureClass failureClass)
    {
        var outcome = await Wire.GenericAsync(Wire.Events(Wire.Delta("\"content\":\"Some text\"")) + body + "\n\n");

        outcome.Text.ShouldBe("Some text");
        (outcome.Failed.Error.Code, outcome.Failed.FailureClass, outcome.Failed.Error.Stage).ShouldBe((error, failureClass, Stages.Answer));
    }

    [Fact]
    public async Task Nothing_after_an_error_is_read() =>
        (await Wire.GenericAsync(Wire.Events("""{"error":"no"}""", Wire.Delta("\"content\":\"ghost\"", "stop")))).Text.ShouldBe("");

    [Theory]
    [InlineData("", Stages.FirstToken, FailureClass.RetryShort)]
    [InlineData("\"reasoning_content\":\"Hm\"", Stages.Reasoning, FailureClass.RetryShort)]
    [InlineData("\"content\":\"Half\"", Stages.Answer, FailureClass.RetryOnce)]
    public async Task Cut_stream_tells_its_stage(string delta, string stage, FailureClass failureClass)
    {
        var handler = new VerbatimHandler { Reads = [Wire.Utf8(Wire.Events(Wire.Delta(delta)))], BodyFailure = new IOException("connection reset by peer") };
        var outcome = await Wire.RunAsync(Wire.Kimi(handler), Wire.Options("kimi-k3"));

        (outcome.Failed.Error.Code, outcome.Failed.Error.Stage, outcome.Failed.FailureClass).ShouldBe((ErrorCodes.ProviderError, stage, failureClass));
        outcome.Failed.InnerException.ShouldBeOfType<IOException>();
        handler.Body.ShouldNotBeNull().IsDisposed.ShouldBeTrue();
    }

    [Fact]
    public async Task Cut_after_the_finish_costs_nothing()
    {
        var handler = new VerbatimHandler { Reads = [Wire.Utf8(Wire.Events(Wire.Delta("\"content\":\"Whole\"", "stop")))], BodyFailure = new IOException("reset") };
        var outcome = await Wire.RunAsync(Wire.Glm(handler), Wire.Options("glm-4.6"));

        outcome.Failure.ShouldBeNull();
        (outcome.Text, outcome.Finish).ShouldBe(("Whole", "stop"));
    }
}
