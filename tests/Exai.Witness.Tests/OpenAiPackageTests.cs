using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;
using Exai.Witness.Tests.Harness;

namespace Exai.Witness.Tests;

/// <summary>
/// A client that other people wrote reads the simulator: what it understood is what the simulator's log says it told. So our own
/// clients are not tested against an echo of our own misreadings.
/// </summary>
public sealed class OpenAiPackageTests(OpenAiPackage package) : IClassFixture<OpenAiPackage>, IAsyncLifetime
{
    private const string Answer = "Forty-two, déjà vu, 你好 🚀.";

    private SimulatorServer _simulator = null!;

    public static TheoryData<string> Dialects => ["glm", "kimi", "openai"];

    public async ValueTask InitializeAsync()
    {
        package.Start();
        _simulator = await SimulatorServer.StartAsync(new SimulatorOptions());
    }

    public async ValueTask DisposeAsync()
    {
        if (_simulator is not null)
            await _simulator.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Whole_answer_is_read_as_it_was_told(string dialect)
    {
        Play(new SimulatorRule { Answer = Answer, ReasoningTokens = 5 });
        var understood = await package.AskAsync("complete", Base(dialect), Body(dialect));

        var told = Told(dialect, understood);
        ((string?)understood["reasoning"])!.Length.ShouldBe(5 * 4);
        // The one word that GLM does not say.
        ((string?)understood["object"]).ShouldBe(dialect == "glm" ? null : "chat.completion");
        ShouldHaveUsage(understood, told);
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Stream_is_read_token_by_token_with_usage_at_its_end(string dialect)
    {
        Play(new SimulatorRule { Answer = Answer, ReasoningTokens = 5 });
        var understood = await package.AskAsync("stream", Base(dialect), Body(dialect, stream: true, usage: true));

        var told = Told(dialect, understood);
        ((int)understood["deltas"]!).ShouldBe(told.TokensSent);
        ((string?)understood["reasoning"])!.Length.ShouldBe(5 * 4);
        ShouldHaveUsage(understood, told);
    }

    /// <summary>GLM tells it anyway, the others only on request.</summary>
    [Theory]
    [InlineData("glm", true)]
    [InlineData("kimi", false)]
    [InlineData("openai", false)]
    public async Task Usage_of_a_stream_that_nobody_asked_for(string dialect, bool told)
    {
        Play(new SimulatorRule { Answer = Answer });
        var understood = await package.AskAsync("stream", Base(dialect), Body(dialect, stream: true));

        (understood["usage"] is JsonObject).ShouldBe(told);
    }

    [Theory]
    [InlineData("glm", "complete")]
    [InlineData("glm", "stream")]
    [InlineData("kimi", "complete")]
    [InlineData("kimi", "stream")]
    [InlineData("openai", "complete")]
    [InlineData("openai", "stream")]
    public async Task Tool_call_and_the_answer_to_its_result(string dialect, string action)
    {
        const string Arguments = """{"tz":"UTC","city":"Zürich"}""";
        Play(new SimulatorRule { ToolCall = "get_time", ToolArguments = Arguments, ReasoningTokens = 3 });
        var body = Body(dialect, stream: action == "stream");
        body["tools"] = JsonNode.Parse(
            """[{"type":"function","function":{"name":"get_time","description":"The time.","parameters":{"type":"object","properties":{}}}}]""");
        var understood = await package.AskAsync(action, Base(dialect), body);

        ((string?)understood["finish"]).ShouldBe("tool_calls");
        var call = understood["calls"]!.AsArray().ShouldHaveSingleItem()!;
        ((string?)call["type"], (string?)call["name"], (string?)call["arguments"]).ShouldBe(("function", "get_time", Arguments));

        var id = (string)call["id"]!;
        var messages = body["messages"]!.AsArray();
        var turn = JsonNode.Parse("""{"role":"assistant","tool_calls":[{"type":"function","function":{"name":"get_time"}}]}""")!;
        turn["tool_calls"]![0]!["id"] = id;
        turn["tool_calls"]![0]!["function"]!["arguments"] = Arguments;
        turn["reasoning_content"] = (string?)understood["reasoning"];
        messages.Add(turn);
        messages.Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = id, ["content"] = "12:00" });
        var answered = await package.AskAsync(action, Base(dialect), body.DeepClone().AsObject());

        ((string?)answered["finish"]).ShouldBe("stop");
        ((string?)answered["content"]).ShouldStartWith("Simulated answer to: \"What is it?\"");
        _simulator.Log.Chats.Select(request => request.Outcome).ShouldBe([SimulatorOutcome.Completed, SimulatorOutcome.Completed]);
    }

    [Theory]
    [InlineData("glm", "complete")]
    [InlineData("glm", "stream")]
    [InlineData("kimi", "complete")]
    [InlineData("kimi", "stream")]
    [InlineData("openai", "complete")]
    [InlineData("openai", "stream")]
    public async Task Answer_cut_at_the_limit_says_so(string dialect, string action)
    {
        Play(new SimulatorRule { AnswerTokens = 50, ReasoningTokens = 0 });
        var body = Body(dialect, stream: action == "stream");
        body["max_tokens"] = 9;
        var understood = await package.AskAsync(action, Base(dialect), body);

        ((string?)understood["finish"]).ShouldBe("length");
        ((string?)understood["content"])!.Length.ShouldBe(9 * 4);
    }

    [Theory]
    [InlineData("glm", 429, "RateLimitError", "1302")]
    [InlineData("kimi", 429, "RateLimitError", "rate_limit_reached_error")]
    [InlineData("openai", 429, "RateLimitError", "rate_limit_exceeded")]
    [InlineData("glm", 401, "AuthenticationError", "1000")]
    [InlineData("kimi", 401, "AuthenticationError", "invalid_authentication_error")]
    [InlineData("openai", 401, "AuthenticationError", "invalid_api_key")]
    [InlineData("glm", 500, "InternalServerError", null)]
    [InlineData("kimi", 503, "InternalServerError", null)]
    [InlineData("openai", 500, "InternalServerError", null)]
    public async Task Refusal_is_an_error_of_its_kind_with_the_vendor_s_word(string dialect, int status, string kind, string? word)
    {
        Play(new SimulatorRule { Status = status, ErrorMessage = "Not now, says the vendor.", RetryAfterSecs = 7 });
        var error = (await package.AskAsync("stream", Base(dialect), Body(dialect, stream: true)))["error"]!;

        ((string?)error["kind"], (int?)error["status"], (string?)error["retryAfter"]).ShouldBe((kind, status, "7"));
        ((string?)error["message"])!.ShouldContain("Not now, says the vendor.");
        if (word is not null)
            new[] { (string?)error["code"], (string?)error["type"] }.ShouldContain(word);
        var told = _simulator.Log.Chats.ShouldHaveSingleItem();
        (told.Status, told.Outcome).ShouldBe((status, SimulatorOutcome.Error));
    }

    /// <summary>The waiting time that the simulator names is one that clients obey.</summary>
    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Refusal_that_passes_is_tried_again_by_the_client(string dialect)
    {
        Play(
            new SimulatorRule { Times = 1, Status = 429, RetryAfterSecs = 0.01 },
            new SimulatorRule { Answer = Answer });
        var understood = await package.AskAsync("complete", Base(dialect), Body(dialect), new JsonObject { ["maxRetries"] = 1 });

        ((string?)understood["content"]).ShouldBe(Answer);
        _simulator.Log.Chats.Select(request => request.Status).ShouldBe([429, 200]);
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Error_in_the_middle_of_a_stream_ends_it_with_the_text_so_far(string dialect)
    {
        Play(new SimulatorRule { AnswerTokens = 20, ReasoningTokens = 0, StreamError = "The engine is overloaded.", StreamErrorAfterTokens = 6 });
        var understood = await package.AskAsync("stream", Base(dialect), Body(dialect, stream: true));

        ((string?)understood["error"]!["message"])!.ShouldContain("The engine is overloaded.");
        ((string?)understood["content"])!.Length.ShouldBe(6 * 4);
        var told = _simulator.Log.Chats.ShouldHaveSingleItem();
        (told.TokensSent, told.Outcome).ShouldBe((6, SimulatorOutcome.Error));
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Connection_that_drops_in_the_middle_is_an_error_not_an_end(string dialect)
    {
        Play(new SimulatorRule { AnswerTokens = 20, ReasoningTokens = 0, DropAfterTokens = 6 });
        var understood = await package.AskAsync("stream", Base(dialect), Body(dialect, stream: true));

        understood["error"].ShouldNotBeNull();
        ((int)understood["deltas"]!).ShouldBe(6);
        _simulator.Log.Chats.ShouldHaveSingleItem().Outcome.ShouldBe(SimulatorOutcome.Dropped);
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Client_that_aborts_a_stream_is_seen_to_leave(string dialect)
    {
        Play(new SimulatorRule { AnswerTokens = 5000, ReasoningTokens = 0, TokensPerSecond = 200 });
        var understood = await package.AskAsync("stream", Base(dialect), Body(dialect, stream: true), new JsonObject { ["abortAfter"] = 3 });

        ((string?)understood["error"]!["kind"]).ShouldBe("APIUserAbortError");
        await _simulator.Log.WaitForOutcomeAsync(1, SimulatorOutcome.ClientGone, Patience.Token());
        _simulator.Log.Chats[0].TokensSent.ShouldBeInRange(3, 1000);
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Client_that_aborts_while_it_waits_for_a_whole_answer_is_seen_to_leave(string dialect)
    {
        Play(new SimulatorRule { HangAt = SimulatorStage.FirstToken });
        var (job, understood) = await package.BeginAsync("complete", Base(dialect), Body(dialect));
        await _simulator.Log.WaitForCountAsync(1, Patience.Token());
        await package.AbortAsync(job);

        ((string?)(await understood)["error"]!["kind"]).ShouldBe("APIUserAbortError");
        await _simulator.Log.WaitForOutcomeAsync(1, SimulatorOutcome.ClientGone, Patience.Token());
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Bytes_cut_anywhere_and_windows_line_ends_change_nothing(string dialect)
    {
        Play(new SimulatorRule { Answer = Answer, ReasoningTokens = 2, SplitUtf8 = true, Crlf = true, DoubleDone = true });
        var understood = await package.AskAsync("stream", Base(dialect), Body(dialect, stream: true, usage: true));

        Told(dialect, understood);
    }

    [Theory]
    [InlineData("glm", "glm-4.6")]
    [InlineData("kimi", "kimi-k2.6")]
    [InlineData("openai", "sim-small")]
    public async Task Model_list_is_read(string dialect, string model) =>
        (await package.AskAsync("models", Base(dialect)))["ids"]!.AsArray().Select(id => (string?)id).ShouldContain(model);

    private void Play(params SimulatorRule[] rules) => _simulator.Script = new SimulatorScript { Rules = rules };

    private Uri Base(string dialect) => dialect switch
    {
        "glm" => _simulator.GlmBaseUrl,
        "kimi" => _simulator.KimiBaseUrl,
        _ => _simulator.OpenAiBaseUrl,
    };

    private static JsonObject Body(string dialect, bool stream = false, bool usage = false)
    {
        var body = new JsonObject
        {
            ["model"] = dialect switch { "glm" => "glm-4.6", "kimi" => "kimi-k2.6", _ => "sim-small" },
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "What is it?" }),
        };
        if (stream)
            body["stream"] = true;
        if (usage)
            body["stream_options"] = new JsonObject { ["include_usage"] = true };
        return body;
    }

    /// <summary>The one request of the log, whose answer is what the client holds in its hands.</summary>
    private SimulatorRequest Told(string dialect, JsonObject understood)
    {
        understood["error"].ShouldBeNull();
        var told = _simulator.Log.Chats.ShouldHaveSingleItem();
        (told.Dialect, told.Status, told.Outcome).ShouldBe((dialect, 200, SimulatorOutcome.Completed));
        told.Authorization.ShouldBe("Bearer key-of-the-witness");
        ((string?)understood["role"], (string?)understood["content"], (string?)understood["finish"]).ShouldBe(("assistant", Answer, "stop"));
        ((string?)understood["model"]).ShouldBe(told.Model);
        ((string?)understood["id"]).ShouldNotBeNullOrEmpty();
        ((long)understood["created"]!).ShouldBe(told.At.ToUnixTimeSeconds());
        return told;
    }

    private static void ShouldHaveUsage(JsonObject understood, SimulatorRequest told)
    {
        var usage = understood["usage"]!;
        ((int)usage["completion"]!, (int)usage["reasoning"]!).ShouldBe((told.TokensSent, 5));
        ((int)usage["total"]!).ShouldBe((int)usage["prompt"]! + told.TokensSent);
        ((int)usage["prompt"]!, (int)usage["cached"]!).ShouldBe(("What is it?".Length / 4 + 1, 0));
    }
}
