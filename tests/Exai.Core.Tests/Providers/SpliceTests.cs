using Exai.Core.Providers;
using Exai.Protocol;

namespace Exai.Core.Tests.Providers;

/// <summary>
/// Streams that go on with another completion's bytes (1.9): the two are never joined, and the failure may be tried again. Streams that only
/// look so are left alone.
/// </summary>
public sealed class SpliceTests
{
    private const string First = """{"id":"20260901101500ab","model":"glm-5.3","choices":[{"index":0,"delta":{"content":"The capital"}}]}""";
    private const string Second = """{"id":"20260901101712cd","model":"glm-5.3","choices":[{"index":0,"delta":{"content":"Paris is"}}]}""";
    private const string SecondEnd = """{"id":"20260901101712cd","choices":[{"index":0,"delta":{"content":" it."},"finish_reason":"stop"}]}""";

    /// <summary>1.9 (a): cut in mid-JSON, and where the cut can lie.</summary>
    [Theory]
    [InlineData("in the same line", "data: {\"id\":\"20260901101500ab\",\"choices\":[{\"index\":0,\"delta\":{\"con", "data: ")]
    [InlineData("in the same line, without a blank", "data: {\"id\":\"20260901101500ab\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" of", "data:")]
    [InlineData("in the next line of the same event", "data: {\"id\":\"20260901101500ab\",\"choices\":[{\"index\":0,\"del\n", "data: ")]
    [InlineData("after the event", "data: {\"id\":\"20260901101500ab\",\"choices\":[{\"index\":0,\"del\n\n", "data: ")]
    [InlineData("before the id", "data: {\"i", "data: ")]
    public async Task Cut_line_followed_by_another_completion_is_a_failure(string where, string cut, string opening)
    {
        var outcome = await Wire.GlmAsync(Wire.Events(First) + cut + opening + Second + "\n\n" + Wire.Events(Second, SecondEnd, "[DONE]"));

        outcome.Text.ShouldBe("The capital", where);
        (outcome.Failed.Error.Code, outcome.Failed.FailureClass, outcome.Failed.Error.Stage)
            .ShouldBe((ErrorCodes.ProviderError, FailureClass.RetryOnce, Stages.Answer));
        outcome.Failed.Message.ShouldContain("another completion's");
    }

    /// <summary>1.9 (a): with nothing shown yet it is like any other stream that broke off.</summary>
    [Fact]
    public async Task Cut_first_line_followed_by_another_completion_is_a_failure()
    {
        var outcome = await Wire.KimiAsync("data: {\"id\":\"a\",\"cho" + "data: " + Second + "\n\n" + Wire.Events(SecondEnd, "[DONE]"));

        (outcome.Text, outcome.Failed.FailureClass).ShouldBe(("", FailureClass.RetryShort));
    }

    [Fact]
    public async Task Other_completion_between_two_events_is_a_failure()
    {
        var outcome = await Wire.GlmAsync(Wire.Events(First, First, Second, SecondEnd, "[DONE]"));

        outcome.Text.ShouldBe("The capitalThe capital");
        outcome.Failed.Message.ShouldContain("another completion's");
    }

    /// <summary>1.9 (b), and trap 84: neither its text nor its tool call.</summary>
    [Fact]
    public async Task Whole_chunk_within_a_delta_is_a_failure()
    {
        var inner = System.Text.Json.JsonSerializer.Serialize(" of data: " + Second);
        var outcome = await Wire.GlmAsync(Wire.Events(
            First, $$"""{"id":"20260901101500ab","choices":[{"index":0,"delta":{"content":{{inner}}},"finish_reason":"stop"}]}""", "[DONE]"));

        outcome.Text.ShouldBe("The capital");
        outcome.Failed.FailureClass.ShouldBe(FailureClass.RetryOnce);
    }

    [Fact]
    public async Task Other_completion_after_the_finish_is_not_read()
    {
        var outcome = await Wire.GlmAsync(Wire.Events(
            First, """{"id":"20260901101500ab","choices":[{"index":0,"delta":{"content":" of"},"finish_reason":"stop"}]}""", Second, SecondEnd));

        (outcome.Failure, outcome.Text).ShouldBe((null, "The capital of"));
    }

    /// <summary>No splice: an id per chunk, an id that comes late, a usage chunk or a first chunk under the gateway's own id.</summary>
    [Theory]
    [InlineData("a", "b", "c", "d")]
    [InlineData("", "b", "b", "b")]
    [InlineData("", "", "", "d")]
    [InlineData("gateway", "b", "b", "b")]
    [InlineData("a", "a", "a", "")]
    public async Task Ids_that_change_without_a_reason_do_no_harm(params string[] ids)
    {
        var outcome = await Wire.GenericAsync(Wire.Events([.. ids.Select((id, at) =>
            $$"""{"id":"{{id}}","choices":[{"delta":{"content":"{{at}}"} }] }"""), Wire.Delta("", "stop")]));

        (outcome.Failure, outcome.Text).ShouldBe((null, "0123"));
    }

    [Fact]
    public async Task Usage_under_another_id_is_kept()
    {
        var outcome = await Wire.GenericAsync(Wire.Events(
            First, First, """{"id":"20260901101500ab","choices":[{"delta":{},"finish_reason":"stop"}]}""", """{"id":"usage","choices":[],"usage":{"completion_tokens":9}}"""));

        (outcome.Failure, outcome.Usage?.OutputTokenCount).ShouldBe((null, 9));
    }

    /// <summary>An answer may be about streams: in pieces, as another model's, or in a body that is no stream.</summary>
    [Theory]
    [InlineData("A chunk is `data: {\\\"id\\\":\\\"x\\\",\\\"choices\\\":[` and so on.")]
    [InlineData("data: {\\\"id\\\":\\\"x\\\",\\\"model\\\":\\\"gpt-x\\\",\\\"choices\\\":[]}")]
    [InlineData("data: {\\\"id\\\":\\\"x\\\",\\\"name\\\":\\\"y\\\"}")]
    [InlineData("data: {not json}")]
    public async Task Answer_about_streams_is_an_answer(string content)
    {
        var outcome = await Wire.GlmAsync(Wire.Events(First, Wire.Delta($"\"content\":\"{content}\"", "stop")));

        outcome.Failure.ShouldBeNull();
        outcome.Text.ShouldEndWith(content.Replace("\\\"", "\"", StringComparison.Ordinal));
    }

    /// <summary>A gap within one completion costs the event and no more; its number is told.</summary>
    [Fact]
    public async Task Cut_line_followed_by_the_same_completion_is_a_gap()
    {
        var outcome = await Wire.GlmAsync(
            Wire.Events(First) + "data: {\"id\":\"20260901101500ab\",\"cho" + "data: " + First + "\n\n" + Wire.Events(First, Wire.Delta("", "stop")));

        (outcome.Failure, outcome.Skipped).ShouldBe((null, 1));
    }

    /// <summary>The same at the very beginning, where only the cut line itself tells the id.</summary>
    [Fact]
    public async Task Cut_first_line_followed_by_the_same_completion_is_a_gap()
    {
        var outcome = await Wire.GlmAsync(
            "data: {\"id\":\"20260901101500ab\",\"cho" + "data: " + First + "\n\n" + Wire.Events(First, Wire.Delta("", "stop")));

        (outcome.Failure, outcome.Text, outcome.Skipped).ShouldBe((null, "The capital", 1));
    }
}
