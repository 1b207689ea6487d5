using Exai.Core.Providers;
using Exai.Core.Providers.Streaming;
using Exai.Protocol;

namespace Exai.Core.Tests.Providers;

/// <summary>How bytes become events; the parser checklist's rules 1 to 9. Rule 9 has its tests with the failures.</summary>
public sealed class FramingTests
{
    /// <summary>Rule 1, traps 84 and 85: nothing of a broken attempt reaches the next one over the same client.</summary>
    [Fact]
    public async Task Attempt_after_a_broken_one_starts_afresh()
    {
        var broken = """data: {"id":"a","choices":[{"delta":{"content":"<thi","tool_calls":[{"index":0,"id":"c","function":{"name":"old","arguments":"{\"x\":"}}]}}]}""" + "\n\ndata: {\"cut";
        var whole = Wire.Events("""{"choices":[{"delta":{"content":"Hello","tool_calls":[{"index":0,"function":{"name":"new","arguments":"{}"}}]},"finish_reason":"stop"}]}""");
        using var handler = new InTurn(VerbatimHandler.Answering(broken), VerbatimHandler.Answering(whole));
        using var client = Wire.Kimi(handler);

        (await Wire.ReadAsync(client, Wire.Options("kimi-k2.6"))).Failed.Message.ShouldContain("ended without a finish");
        var second = await Wire.ReadAsync(client, Wire.Options("kimi-k2.6"));

        second.Failure.ShouldBeNull();
        (second.Text, second.Skipped, second.Updates[^1].ResponseId).ShouldBe(("Hello", null, null));
        second.Calls.ShouldHaveSingleItem().Name.ShouldBe("new");
    }

    /// <summary>Rules 2 to 6, 8 and 28: line ends, a byte order mark, comments, ids and names of events, missing blanks, a body that is no stream.</summary>
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

    /// <summary>Rule 4.</summary>
    [Fact]
    public async Task Data_lines_of_one_event_are_joined() =>
        (await Wire.GenericAsync("data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\n")).Text.ShouldBe("Hello");

    /// <summary>Rule 2: a character may be cut by a read; the property tests cut everywhere.</summary>
    [Fact]
    public async Task Character_cut_by_a_read_is_whole_again()
    {
        var bytes = Wire.Utf8(Wire.Events(Wire.Delta("\"content\":\"你好\"", "stop")));
        var cut = bytes.AsSpan().IndexOf(Wire.Utf8("你").AsSpan()) + 1;

        (await Wire.RunAsync(Wire.Glm(new VerbatimHandler { Reads = [bytes[..cut], bytes[cut..]] }), Wire.Options("glm-4.6"))).Text.ShouldBe("你好");
    }

    /// <summary>Rule 2: bytes that are no UTF-8 cost their characters and nothing else.</summary>
    [Fact]
    public async Task Broken_characters_are_replaced()
    {
        var bytes = Wire.Utf8(Wire.Events(Wire.Delta("\"content\":\"a?b\"", "stop")));
        bytes[bytes.AsSpan().IndexOf((byte)'?')] = 0xE4;

        var outcome = await Wire.RunAsync(Wire.Glm(new VerbatimHandler { Reads = [bytes] }), Wire.Options("glm-4.6"));
        (outcome.Failure, outcome.Text).ShouldBe((null, "a\ufffdb"));
    }

    /// <summary>Rule 7.</summary>
    [Fact]
    public async Task Unreadable_events_are_skipped_and_counted()
    {
        var outcome = await Wire.GlmAsync(Wire.Events(
            Wire.Delta("\"content\":\"Hel\""), """{"id":"x","choices":[{"delta":{"con""", "upstream says no", Wire.Delta("\"content\":\"lo\"", "stop")));

        outcome.Failure.ShouldBeNull();
        (outcome.Text, outcome.Skipped).ShouldBe(("Hello", 2));
    }

    /// <summary>Rule 7.</summary>
    [Fact]
    public async Task Unreadable_end_is_truncation_that_tells_of_it() =>
        (await Wire.GlmAsync("data: " + Wire.Delta("\"content\":\"Half\"") + "\n\ndata: {\"choices\":[{\"del")).Failed.Message
            .ShouldContain("after 4 characters of the answer and 1 unreadable events");

    /// <summary>Rule 8: what a body is, its first character says, whatever the content type and blank lines before it. DeepSeek sends those.</summary>
    [Theory]
    [InlineData("text/event-stream", "")]
    [InlineData("application/json", "")]
    [InlineData("application/json", "\n\n\r\n \n")]
    public async Task Completion_sent_as_json_is_read(string contentType, string blanks)
    {
        var body = blanks + """{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","reasoning_content":"Hm","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}""";
        var outcome = await Wire.RunAsync(Wire.Kimi(new VerbatimHandler { Reads = [Wire.Utf8(body)], ContentType = contentType }), Wire.Options("kimi-k2.6"));

        outcome.Failure.ShouldBeNull();
        (outcome.Reasoning, outcome.Text, outcome.Finish, outcome.Usage?.OutputTokenCount).ShouldBe(("Hm", "Hello", "stop", 2));
    }

    /// <summary>Rule 8: an error sent as JSON, and JSON that breaks off.</summary>
    [Theory]
    [InlineData("""{"error":{"message":"no","type":"engine_overloaded_error"}}""", FailureClass.RetryLong)]
    [InlineData("""{"choices":[{"message":{"content":"Hel""", FailureClass.RetryShort)]
    public async Task Json_body_that_holds_no_completion_is_a_failure(string body, FailureClass failureClass) =>
        (await Wire.KimiAsync("\n" + body)).Failed.FailureClass.ShouldBe(failureClass);

    /// <summary>Trap 93.</summary>
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

    /// <summary>A line end of two bytes ends a line, not the event.</summary>
    [Theory]
    [InlineData("\n")]
    [InlineData("\r")]
    [InlineData("\r\n")]
    public async Task Event_of_lines_without_end_is_an_error_by_any_line_end(string end)
    {
        var line = "data: " + new string('x', 1000) + end;
        var body = string.Concat(Enumerable.Repeat(line, (ObservedStream.DefaultMaxEventBytes / line.Length) + 1));

        (await Wire.GlmAsync(body)).Failed.Message.ShouldContain("a single event of more than 8 MiB");
    }

    /// <summary>Blank lines may stand in a JSON body too, and must not make it endless.</summary>
    [Fact]
    public async Task Json_body_without_end_is_an_error()
    {
        var megabyte = Wire.Utf8(new string('x', (1024 * 1024) - 2) + "\n\n");
        var outcome = await Wire.RunAsync(
            Wire.Glm(new VerbatimHandler { Reads = [Wire.Utf8("{\"choices\":\""), .. Enumerable.Repeat(megabyte, 17)], Hangs = true }), Wire.Options("glm-4.6"));

        outcome.Failed.Message.ShouldContain("more than 16 MiB");
    }

    [Fact]
    public async Task Deep_json_is_skipped_and_not_followed()
    {
        var deep = new string('[', 100_000) + new string(']', 100_000);
        var outcome = await Wire.GlmAsync(Wire.Events($"{{\"choices\":{deep}}}", Wire.Delta("\"content\":\"Hello\"", "stop")));

        (outcome.Failure, outcome.Text, outcome.Skipped).ShouldBe((null, "Hello", 1));
    }

    /// <summary>One handler per request, in order.</summary>
    private sealed class InTurn(params VerbatimHandler[] handlers) : HttpMessageHandler
    {
        private int _next;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var invoker = new HttpMessageInvoker(handlers[_next++], disposeHandler: false);
            return await invoker.SendAsync(request, cancellationToken);
        }
    }
}
