using System.Text.Json;

namespace Exai.Simulator.Tests;

public sealed class StreamOddityTests
{
    [Fact]
    public async Task Crlf_ends_every_line_with_both_characters()
    {
        var body = await BodyAsync(new SimulatorRule { Crlf = true });

        body.ShouldEndWith("\r\n\r\ndata: [DONE]\r\n\r\n");
        body.Replace("\r\n", "").ShouldNotContain("\n");
    }

    [Fact]
    public async Task Split_utf8_delivers_the_same_bytes()
    {
        var whole = await BodyAsync(new SimulatorRule { Answer = "你好，世界 🚀" });
        var split = await BodyAsync(new SimulatorRule { Answer = "你好，世界 🚀", SplitUtf8 = true });

        split.ShouldBe(whole);
    }

    [Fact]
    public async Task Omitted_done_ends_the_stream_with_the_finish_chunk() =>
        (await BodyAsync(new SimulatorRule { OmitDone = true })).ShouldNotContain("[DONE]");

    [Fact]
    public async Task Double_done_ends_the_stream_twice() =>
        (await BodyAsync(new SimulatorRule { DoubleDone = true })).ShouldEndWith("data: [DONE]\n\ndata: [DONE]\n\n");

    [Theory]
    [InlineData("glm", "glm-5.2")]
    [InlineData("kimi", "kimi-k2.6")]
    [InlineData("openai", "sim-small")]
    public async Task Omitted_usage_appears_nowhere(string dialect, string model)
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { OmitUsage = true });

        (await sim.BodyAsync(dialect, Ask.Stream(model, extra: new { stream_options = new { include_usage = true } }))).ShouldNotContain("usage");
        (await sim.BodyAsync(dialect, Ask.Whole(model))).ShouldNotContain("usage");
    }

    [Fact]
    public async Task Empty_answer_finishes_cleanly_after_the_reasoning()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { EmptyAnswer = true });

        var (_, json) = await sim.JsonAsync("glm", Ask.Whole("glm-5.2"));

        var choice = json.GetProperty("choices")[0];
        choice.GetProperty("message").GetProperty("content").GetString().ShouldBe("");
        choice.GetProperty("finish_reason").GetString().ShouldBe("stop");
        json.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(SimulatorServer.DefaultReasoningTokens);
    }

    [Fact]
    public async Task Finish_reason_of_the_rule_is_sent() =>
        (await BodyAsync(new SimulatorRule { FinishReason = "network_error" })).ShouldContain("\"finish_reason\":\"network_error\"");

    [Fact]
    public async Task Stream_error_comes_with_status_200_after_its_tokens_and_nothing_follows()
    {
        await using var sim = await SimulatorHarness.StartAsync(
            new SimulatorRule { StreamError = "The engine is currently overloaded", ErrorCode = "engine_overloaded_error", StreamErrorAfterTokens = 2 });

        var (lines, broken) = await sim.LinesAsync("kimi", Ask.Stream("kimi-k2.6"));

        broken.ShouldBeFalse();
        lines.Count.ShouldBe(4);
        lines[^1].ShouldBe("""data: {"error":{"message":"The engine is currently overloaded","type":"engine_overloaded_error"}}""");
        sim.Log.Requests[0].Status.ShouldBe(200);
        sim.Log.Requests[0].Outcome.ShouldBe("error");
    }

    [Fact]
    public async Task Stream_error_that_is_an_object_is_sent_as_it_is()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { StreamError = """{"code":502,"message":"upstream lost"}""" });

        (await sim.BodyAsync("openai", Ask.Stream("sim-small"))).ShouldEndWith("data: {\"error\":{\"code\":502,\"message\":\"upstream lost\"}}\n\n");
        JsonDocument.Parse(await sim.BodyAsync("openai", Ask.Whole("sim-small"))).RootElement.GetProperty("error").GetProperty("code").GetInt32().ShouldBe(502);
    }

    [Fact]
    public async Task Stream_error_as_an_event_bears_its_name()
    {
        await using var sim = await SimulatorHarness.StartAsync(
            new SimulatorRule { StreamError = """{"message":"context too small"}""", StreamErrorAs = "event", StreamErrorAfterTokens = 1 });

        (await sim.BodyAsync("openai", Ask.Stream("sim-small"))).ShouldEndWith("\n\nevent: error\ndata: {\"error\":{\"message\":\"context too small\"}}\n\n");
    }

    [Fact]
    public async Task Stream_error_as_a_finish_stands_beside_the_choice()
    {
        await using var sim = await SimulatorHarness.StartAsync(
            new SimulatorRule { StreamError = """{"code":502,"message":"upstream lost"}""", StreamErrorAs = "finish", StreamErrorAfterTokens = 1 });

        var (lines, _) = await sim.LinesAsync("openai", Ask.Stream("sim-small"));

        lines.Count.ShouldBe(3);
        lines[^1].ShouldEndWith(
            ""","choices":[{"index":0,"delta":{},"finish_reason":"error"}],"error":{"code":502,"message":"upstream lost"}}""");
    }

    [Fact]
    public async Task Thinking_in_the_content_comes_with_its_tags_cut()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { ThinkInContent = true, BoxMarks = true, ReasoningTokens = 2, Answer = "Hello" });

        var (lines, _) = await sim.LinesAsync("glm", Ask.Stream("glm-4.5v"));
        var pieces = lines.SkipLast(1)
            .Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement.GetProperty("choices")[0].GetProperty("delta").GetProperty("content").GetString()!)
            .ToList();

        string.Concat(pieces).ShouldBe("<think>The user</think>\n\n<|begin_of_box|>Hello<|end_of_box|>");
        pieces.ShouldAllBe(piece => piece.Length <= 4);
        JsonDocument.Parse(lines[^2]["data: ".Length..]).RootElement.GetProperty("usage").GetProperty("completion_tokens_details").GetProperty("reasoning_tokens")
            .GetInt32().ShouldBe(2);
    }

    [Fact]
    public async Task Splice_in_a_line_cuts_it_and_ends_with_the_second_completion()
    {
        await using var sim = await SimulatorHarness.StartAsync(
            new ManualTime(), new SimulatorRule { SpliceAfterTokens = 1, Answer = "Hi é!", ReasoningTokens = 0 });

        var (lines, broken) = await sim.LinesAsync("glm", Ask.Stream("glm-5.2"));

        broken.ShouldBeFalse();
        lines.Count.ShouldBe(5);
        lines[0].ShouldStartWith("""data: {"id":"2026090110150000000001","created":""");
        lines[1].ShouldStartWith("""data: {"id":"2026090110150000000001","created":""");
        lines[1].ShouldContain("""data: {"id":"2026090110170000100001","created":""");
        Should.Throw<JsonException>(() => JsonDocument.Parse(lines[1]["data: ".Length..]));
        lines.Skip(2).Take(2).ShouldAllBe(line => line.StartsWith("data: {\"id\":\"2026090110170000100001\"", StringComparison.Ordinal));
        lines[4].ShouldBe("data: [DONE]");
        sim.Log.Requests[0].Outcome.ShouldBe("completed");
    }

    [Fact]
    public async Task Splice_as_text_is_a_whole_chunk_within_a_delta()
    {
        await using var sim = await SimulatorHarness.StartAsync(
            new ManualTime(), new SimulatorRule { SpliceAfterTokens = 1, SpliceAs = "text", Answer = "Hi é!", ReasoningTokens = 0 });

        var (lines, _) = await sim.LinesAsync("glm", Ask.Stream("glm-5.2"));

        lines.Count.ShouldBe(5);
        var content = JsonDocument.Parse(lines[1]["data: ".Length..]).RootElement.GetProperty("choices")[0].GetProperty("delta").GetProperty("content").GetString();
        JsonDocument.Parse(content.ShouldNotBeNull()["data: ".Length..]).RootElement.GetProperty("id").GetString().ShouldBe("2026090110170000100001");
    }

    [Fact]
    public async Task Splice_needs_a_stream()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { SpliceAfterTokens = 1, Answer = "Hello" });

        var (_, json) = await sim.JsonAsync("glm", Ask.Whole("glm-4.6"));
        json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString().ShouldBe("Hello");
    }

    private static async Task<string> BodyAsync(SimulatorRule rule)
    {
        await using var sim = await SimulatorHarness.StartAsync(new ManualTime(), rule);
        return await sim.BodyAsync("glm", Ask.Stream("glm-5.2"));
    }
}
