using Exai.Core.Providers;
using Exai.Core.Providers.Streaming;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

/// <summary>Tool calls of a stream; the parser checklist's rules 19 to 24.</summary>
public sealed class ToolCallTests
{
    /// <summary>Every line is one way to write a call of <c>get_time</c> with <c>{"tz":"UTC"}</c>. Rules 20 and 21.</summary>
    [Theory]
    [InlineData("one delta, as GLM without tool_stream",
        """{"id":"call_7","index":0,"type":"function","function":{"name":"get_time","arguments":"{\"tz\":\"UTC\"}"}}""")]
    [InlineData("fragments by index, as Kimi",
        """{"index":0,"id":"call_7","type":"function","function":{"name":"get_time","arguments":""}}""",
        """{"index":0,"function":{"arguments":"{\"tz\""}}""", """{"index":0,"function":{"arguments":":\"UTC\"}"}}""")]
    [InlineData("name and id after the first fragment",
        """{"index":0,"function":{"arguments":"{\"tz\":"}}""", """{"index":0,"id":"call_7","function":{"name":"get_time","arguments":"\"UTC\"}"}}""")]
    [InlineData("name and id again with each fragment",
        """{"index":0,"id":"call_7","function":{"name":"get_time","arguments":"{\"tz\":"}}""",
        """{"index":0,"id":"call_7","function":{"name":"get_time","arguments":"\"UTC\"}"}}""")]
    [InlineData("fragments by id",
        """{"id":"call_7","function":{"name":"get_time","arguments":"{\"tz\":"}}""", """{"id":"call_7","function":{"arguments":"\"UTC\"}"}}""")]
    [InlineData("fragments by neither",
        """{"id":"call_7","function":{"name":"get_time"}}""", """{"function":{"arguments":"{\"tz\":"}}""", """{"function":{"arguments":"\"UTC\"}"}}""")]
    [InlineData("empty and null members",
        """{"index":0,"id":"call_7","function":{"name":"get_time","arguments":null}}""",
        """{"index":0,"id":"","type":null,"function":{"name":null,"arguments":"{\"tz\":\"UTC\"}"}}""")]
    [InlineData("an object", """{"index":0,"id":"call_7","function":{"name":"get_time","arguments":{"tz":"UTC"}}}""")]
    [InlineData("a fragment of the wrong kind", """{"index":0,"id":"call_7","function":{"name":"get_time","arguments":"{\"tz\":\"UTC\"}"}}""", """7""")]
    public async Task Spelling_of_a_call_does_not_matter(string spelling, params string[] fragments)
    {
        var outcome = await Wire.KimiAsync(Stream("tool_calls", fragments));

        outcome.Failure.ShouldBeNull(spelling);
        outcome.Finish.ShouldBe("tool_calls");
        var call = outcome.Calls.ShouldHaveSingleItem();
        (call.CallId, call.Name).ShouldBe(("call_7", "get_time"));
        call.Arguments.ShouldNotBeNull().ShouldHaveSingleItem().Key.ShouldBe("tz");
        call.Arguments["tz"]!.ToString().ShouldBe("UTC");
        call.AdditionalProperties.ShouldNotBeNull()[ToolCallAssembler.ArgumentsKey].ShouldBe("""{"tz":"UTC"}""");
        call.AdditionalProperties[ToolCallAssembler.TypeKey].ShouldBe("function");
    }

    /// <summary>Rule 20: parallel calls interleave by index.</summary>
    [Fact]
    public async Task Parallel_calls_are_kept_apart_by_their_index()
    {
        var outcome = await Wire.KimiAsync(Stream("tool_calls",
            """{"index":0,"id":"a:0","function":{"name":"first_tool","arguments":"{\"n\":"}},{"index":1,"id":"b:1","function":{"name":"second_tool","arguments":"{\"n\":"}}""",
            """{"index":1,"function":{"arguments":"2}"}}""",
            """{"index":0,"function":{"arguments":"1}"}}"""));

        outcome.Calls.Select(Told).ShouldBe(["""a:0 first_tool {"n":1}""", """b:1 second_tool {"n":2}"""]);
    }

    /// <summary>Rule 20: every call counted as 0, or none counted, with ids or without.</summary>
    [Theory]
    [InlineData("\"index\":0,\"id\":\"x\",", "\"index\":0,\"id\":\"y\",", "x", "y")]
    [InlineData("\"id\":\"x\",", "\"id\":\"y\",", "x", "y")]
    [InlineData("\"index\":0,", "\"index\":0,", "same_tool:0", "same_tool:1")]
    [InlineData("", "", "same_tool:0", "same_tool:1")]
    public async Task Whole_calls_are_kept_apart_when_the_index_does_not(string first, string second, string firstId, string secondId)
    {
        const string Function = """ "function":{"name":"same_tool","arguments":"{}"} """;
        var outcome = await Wire.GenericAsync(Stream("tool_calls", $"{{{first}{Function}}}", $"{{{second}{Function}}}"));

        outcome.Calls.Select(call => call.CallId).ShouldBe([firstId, secondId]);
    }

    /// <summary>Rule 21: no arguments are an object without members.</summary>
    [Theory]
    [InlineData("\"\"")]
    [InlineData("null")]
    [InlineData("\" \"")]
    [InlineData("\"null\"")]
    [InlineData("{}")]
    [InlineData("17")]
    public async Task Absent_arguments_are_none(string arguments)
    {
        var fragment = $$"""{"index":0,"id":"c","function":{"name":"get_time","arguments":{{arguments}} } }""";
        (await Wire.KimiAsync(Stream("tool_calls", fragment))).Calls.ShouldHaveSingleItem().Arguments.ShouldNotBeNull().ShouldBeEmpty();
    }

    /// <summary>Rule 22: a finish of any kind, or the stream's end mark, delivers them; Ollama says "stop".</summary>
    [Theory]
    [InlineData("tool_calls")]
    [InlineData("stop")]
    [InlineData("function_call")]
    [InlineData(null)]
    public async Task Calls_are_delivered_with_the_last_update_alone(string? finish)
    {
        var outcome = await Wire.GlmAsync(Stream(finish, """{"index":0,"id":"c","function":{"name":"get_time","arguments":"{}"}}"""));

        outcome.Failure.ShouldBeNull();
        outcome.Updates[^1].Contents.OfType<FunctionCallContent>().ShouldHaveSingleItem();
        outcome.Updates[..^1].SelectMany(update => update.Contents).OfType<FunctionCallContent>().ShouldBeEmpty();
        outcome.Finish.ShouldBe(finish);
    }

    /// <summary>1.4: older GLM models send the finish twice, the second time with the usage.</summary>
    [Fact]
    public async Task Second_finish_chunk_changes_no_call()
    {
        var outcome = await Wire.GlmAsync(Wire.Events(
            Wire.Delta("""
                "tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"get_time","arguments":"{}"}}]
                """, "tool_calls"),
            """{"choices":[{"index":0,"finish_reason":"tool_calls","delta":{"role":"assistant","content":""}}],"usage":{"prompt_tokens":4,"completion_tokens":2}}""",
            "[DONE]"));

        outcome.Failure.ShouldBeNull();
        outcome.Calls.ShouldHaveSingleItem();
        outcome.Usage.ShouldNotBeNull().OutputTokenCount.ShouldBe(2);
    }

    [Fact]
    public async Task Calls_of_a_whole_message_are_read_too()
    {
        var outcome = await Wire.GenericAsync(
            """{"choices":[{"message":{"content":null,"tool_calls":[{"id":"a","function":{"name":"one","arguments":"{}"}},{"id":"b","function":{"name":"two","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}""");

        outcome.Calls.Select(Told).ShouldBe(["a one {}", "b two {}"]);
    }

    /// <summary>1.5: what GLM ran itself is no call of ours.</summary>
    [Fact]
    public async Task Calls_that_the_provider_ran_itself_are_left_out()
    {
        var outcome = await Wire.GlmAsync(Wire.Events(
            Wire.Delta("""
                "content":"Noon.","tool_calls":[{"id":"m","type":"mcp_call","server_label":"s","name":"x","arguments":"{}","output":"y"}]
                """, "stop")));

        outcome.Failure.ShouldBeNull();
        (outcome.Text, outcome.Calls.Count).ShouldBe(("Noon.", 0));
    }

    /// <summary>2.5: the arguments are the server's and go back as they came, blanks and escapes included.</summary>
    [Fact]
    public async Task Kimi_search_call_keeps_its_arguments_to_the_letter()
    {
        var outcome = await Wire.KimiAsync(Stream("tool_calls",
            """{"index":0,"id":"t:0","type":"builtin_function","function":{"name":"$web_search","arguments":"{ \"search_result\": {\"search_id\":\"\\u4f60"}}""",
            """{"index":0,"function":{"arguments":"\"},\n \"usage\":{\"total_tokens\":12300.0}}"}}"""));

        var call = outcome.Calls.ShouldHaveSingleItem();
        call.Name.ShouldBe("$web_search");
        call.AdditionalProperties.ShouldNotBeNull()[ToolCallAssembler.TypeKey].ShouldBe("builtin_function");
        call.AdditionalProperties[ToolCallAssembler.ArgumentsKey]
            .ShouldBe("{ \"search_result\": {\"search_id\":\"\\u4f60\"},\n \"usage\":{\"total_tokens\":12300.0}}");
    }

    /// <summary>Rule 22, trap 84: what does not parse is never run.</summary>
    [Theory]
    [InlineData("tool_calls", "\"{\\\"tz\\\":\\\"UT\"", FailureClass.RetryOnce)]
    [InlineData("stop", "\"[1]\"", FailureClass.RetryOnce)]
    [InlineData("stop", "\"{\\\"\\\\ud83d\\\":1}\"", FailureClass.RetryOnce)]
    [InlineData(null, "\"{} {}\"", FailureClass.RetryOnce)]
    [InlineData("length", "\"{\\\"tz\\\":\"", FailureClass.Stop)]
    [InlineData("length", "\"\"", FailureClass.Stop)]
    public async Task Broken_arguments_are_a_failure(string? finish, string arguments, FailureClass failureClass)
    {
        var outcome = await Wire.KimiAsync(
            Stream(finish, $$"""{"index":0,"id":"c","function":{"name":"get_time","arguments":{{arguments}} } }"""));

        outcome.Calls.ShouldBeEmpty();
        (outcome.Failed.Error.Code, outcome.Failed.FailureClass, outcome.Failed.Error.Stage).ShouldBe((ErrorCodes.ProviderError, failureClass, Stages.Finish));
        outcome.Failed.Message.ShouldContain("a call of the tool get_time");
    }

    [Fact]
    public async Task Call_without_a_name_is_a_failure() =>
        (await Wire.KimiAsync(Stream("tool_calls", """{"index":0,"id":"c","function":{"arguments":"{}"}}"""))).Failed.Message
            .ShouldContain("a call of the tool ?");

    /// <summary>Rule 22: a stream that breaks off delivers no call, however whole it looks.</summary>
    [Fact]
    public async Task Calls_of_a_cut_stream_are_not_delivered()
    {
        var outcome = await Wire.KimiAsync(Wire.Events(
            """{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"get_time","arguments":"{}"}}]}}],"usage":{"completion_tokens":3}}"""));

        outcome.Calls.ShouldBeEmpty();
        outcome.Failed.Message.ShouldContain("ended without a finish");
        outcome.Failed.FailureClass.ShouldBe(FailureClass.RetryOnce);
    }

    /// <summary>The clocks must hear that arguments are being written.</summary>
    [Fact]
    public async Task Every_piece_of_a_call_is_told_as_it_arrives()
    {
        var outcome = await Wire.KimiAsync(Stream("tool_calls",
            """{"index":0,"id":"c","function":{"name":"abc","arguments":""}}""", """{"index":0,"function":{"arguments":"{}"}}"""));

        outcome.Updates.Select(update => update.AdditionalProperties?.GetValueOrDefault(ToolCallAssembler.ProgressKey)).ShouldBe([3, 5, null]);
    }

    /// <summary>Rule 19: Kimi wants the reasoning back with the calls, and an empty one is one.</summary>
    [Theory]
    [InlineData("\"reasoning_content\":\"Hm\",", "Hm")]
    [InlineData("\"reasoning_content\":\"\",", "")]
    [InlineData("\"reasoning_content\":null,", null)]
    [InlineData("", null)]
    public async Task Empty_reasoning_is_told_from_none(string member, string? reasoning)
    {
        var call = """ "tool_calls":[{"index":0,"id":"c","function":{"name":"get_time","arguments":"{}"}}] """;
        using var client = Wire.Kimi(VerbatimHandler.Answering(Wire.Events(Wire.Delta(member + call, "tool_calls"), "[DONE]")));
        var response = await client.GetResponseAsync(Wire.Hello(), Wire.Options("kimi-k2.6"));

        var message = response.Messages.ShouldHaveSingleItem();
        message.Contents.OfType<TextReasoningContent>().SingleOrDefault()?.Text.ShouldBe(reasoning);
        message.Contents.OfType<TextReasoningContent>().Count().ShouldBe(reasoning is null ? 0 : 1);
        message.Contents.OfType<FunctionCallContent>().ShouldHaveSingleItem();
    }

    /// <summary>Rule 24: the text stays as it is, the reader is told; the mark may be cut anywhere.</summary>
    [Theory]
    [InlineData("content", "<tool_call>", "answer")]
    [InlineData("content", "I will <tool_call>get_time", "answer")]
    [InlineData("content", "<<tool_<tool_call>get_time", "answer")]
    [InlineData("content", "<tool_calls>, tool_call> <tool_call", null)]
    [InlineData("reasoning_content", "Hm <tool_call>", "reasoning")]
    public async Task Tool_call_written_as_text_is_reported(string member, string text, string? where)
    {
        for (var cut = 0; cut <= text.Length; cut++)
        {
            var outcome = await Wire.GlmAsync(Wire.Events(
                Wire.Delta($"\"{member}\":\"{text[..cut]}\""), Wire.Delta($"\"{member}\":\"{text[cut..]}\""), Wire.Delta("\"content\":\"Hi\"", "stop")));

            outcome.Failure.ShouldBeNull();
            (outcome.LiteralCall, outcome.Text + outcome.Reasoning).ShouldBe((where, member == "content" ? text + "Hi" : "Hi" + text), $"cut at {cut}");
        }
    }

    /// <summary>Rule 24: in the reasoning, with nothing after it, it explains why there is no answer.</summary>
    [Fact]
    public async Task Tool_call_written_into_the_reasoning_explains_the_missing_answer() =>
        (await Wire.GlmAsync(Wire.Events(Wire.Delta("\"reasoning_content\":\"<tool_call>get_time\"", "stop")))).Failed.Message
            .ShouldContain("It wrote a tool call as text into its reasoning and made none.");

    /// <summary>Rule 24: beside a real call the text is a mere quotation.</summary>
    [Fact]
    public async Task Tool_call_as_text_beside_a_real_one_is_not_reported()
    {
        var outcome = await Wire.GlmAsync(Wire.Events(Wire.Delta("\"content\":\"<tool_call>\""))
            + Stream("tool_calls", """{"index":0,"id":"c","function":{"name":"get_time","arguments":"{}"}}"""));

        (outcome.Calls.Count, outcome.LiteralCall).ShouldBe((1, null));
    }

    private static string Stream(string? finish, params string[] fragments) => Wire.Events(
    [
        .. fragments.Select(fragment => Wire.Delta($"\"tool_calls\":[{fragment}]")),
        .. finish is null ? Array.Empty<string>() : [Wire.Delta("", finish)],
        "[DONE]",
    ]);

    private static string Told(FunctionCallContent call) =>
        $"{call.CallId} {call.Name} {call.AdditionalProperties?[ToolCallAssembler.ArgumentsKey]}";
}
