using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;

namespace Exai.EndToEnd.Tests;

/// <summary>A provider that falls silent ends the call when its clock fires, and the error says which clock that was.</summary>
public sealed class ClockTests(ITestOutputHelper output)
{
    /// <summary>One second of patience for the first token in every class, and no second try.</summary>
    private static readonly (string Name, string? Value)[] ShortFirstToken =
    [
        ("EXAI_CONNECT_TIMEOUT_SECS", "1"),
        ("GLM_TIMEOUT_SECS", "1"),
        ("GLM_WEB_SEARCH_TIMEOUT_SECS", "1"),
        ("GLM_THINKING_TIMEOUT_SECS", "1"),
        ("GLM_WEB_THINKING_TIMEOUT_SECS", "1"),
        ("RETRY_ATTEMPTS", "0"),
    ];

    [Fact]
    public async Task Headers_and_then_nothing_fire_the_first_token_clock_although_no_byte_arrives()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([new SimulatorRule { HangAt = SimulatorStage.FirstToken }], ShortFirstToken);

        var reply = await AskAsync(machine, "first_token", "1 s");

        ((string?)reply.Error["stage"]).ShouldBe("first_token");
        machine.Simulator.Log.Chats[0].TokensSent.ShouldBe(0);
    }

    [Fact]
    public async Task Keep_alive_comments_do_not_help_a_provider_that_never_sends_a_token()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(
            [new SimulatorRule { HangAt = SimulatorStage.FirstToken, KeepAliveCommentEveryMs = 100 }], ShortFirstToken);

        await AskAsync(machine, "first_token", "1 s");
    }

    [Fact]
    public async Task No_headers_fire_the_headers_clock_when_it_is_set()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(
            [new SimulatorRule { HangAt = SimulatorStage.Headers }],
            ("EXAI_CONNECT_TIMEOUT_SECS", "1"), ("GLM_SESSION_TIMEOUT", "1"), ("RETRY_ATTEMPTS", "0"));

        var reply = await AskAsync(machine, "headers", "1 s");

        ((string?)reply.Error["stage"]).ShouldBe("headers");
    }

    [Fact]
    public async Task Silence_after_some_text_fires_the_idle_clock_and_the_error_brings_the_text()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(
            [new SimulatorRule { HangAt = SimulatorStage.Answer, HangAfterTokens = 8, AnswerTokens = 40, ReasoningTokens = 0 }],
            ("EXAI_STREAM_IDLE_TIMEOUT_SECS", "1"), ("RETRY_ATTEMPTS", "0"));

        var reply = await AskAsync(machine, "idle", "1 s");

        ((string?)reply.Error["stage"]).ShouldBe("answer");
        ((string?)reply.Error["partial"])!.ShouldStartWith("Simulated answer to: ");
        ((string?)reply.Error["partial"])!.Length.ShouldBe(8 * 4);
    }

    [Fact]
    public async Task Tokens_that_trickle_without_end_fire_the_stream_clock()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(
            [new SimulatorRule { TokensPerSecond = 10, AnswerTokens = 1000, ReasoningTokens = 0 }], [.. ShortFirstToken, ("GLM_STREAM_TIMEOUT", "2")]);

        await AskAsync(machine, "stream", "2 s");
    }

    [Fact]
    public async Task A_call_that_no_daemon_takes_ends_with_the_call_clock_and_says_that_no_daemon_was_there()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(
            null,
            [
                .. ShortFirstToken, ("KIMI_TIMEOUT_SECS", "1"), ("KIMI_WEB_SEARCH_TIMEOUT_SECS", "1"), ("KIMI_THINKING_TIMEOUT_SECS", "1"),
                ("KIMI_WEB_THINKING_TIMEOUT_SECS", "1"), ("GLM_STREAM_TIMEOUT", "1"), ("KIMI_STREAM_TIMEOUT", "1"), ("EXAI_CALL_TIMEOUT_SECS", "2"),
                ("EXAI_WS_AUTOSTART", "false"),
            ]);
        var shim = await machine.StartClientAsync();

        var sentAt = shim.Elapsed;
        var reply = await shim.CallAsync("version");

        reply.Code.ShouldBe("DAEMON_UNAVAILABLE");
        ((string?)reply.Error["clock"]).ShouldBe("call");
        reply.Text.ShouldContain("2 s (EXAI_CALL_TIMEOUT_SECS)");
        (reply.Line.At - sentAt).ShouldBeInRange(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4));
    }

    [Fact]
    public async Task A_hung_call_does_not_hold_up_the_next_one_of_the_same_client()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([new SimulatorRule { PromptContains = "hangs", HangAt = SimulatorStage.FirstToken }]);
        var shim = await machine.StartClientAsync();

        var hung = await shim.SendChatAsync("This one hangs.");
        await machine.Simulator.AskedAsync("hangs");
        var sentAt = shim.Elapsed;
        var reply = await shim.ChatAsync("This one does not.");

        reply.IsError.ShouldBeFalse(reply.Text);
        (reply.Line.At - sentAt).ShouldBeLessThan(TimeSpan.FromSeconds(2));
        shim.Responses(hung).ShouldBeEmpty();
    }

    /// <summary>The error names clock, limit, model and provider, to machines and to people, and the provider is let go.</summary>
    private async Task<ToolReply> AskAsync(ExaiHomeFixture machine, string clock, string limit)
    {
        var shim = await machine.StartClientAsync();
        // The daemon's start is no part of what the clock measures.
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        var sentAt = shim.Elapsed;
        var reply = await shim.ChatAsync("Will you answer?");
        var waited = reply.Line.At - sentAt;
        output.WriteLine($"{waited.TotalMilliseconds:0} ms: {reply.Text}");

        reply.IsError.ShouldBeTrue();
        reply.Text.ShouldStartWith("TIMEOUT: ");
        reply.Text.ShouldContain($"the {clock} clock fired after {limit}");
        reply.Code.ShouldBe("TIMEOUT");
        ((string?)reply.Error["clock"]).ShouldBe(clock);
        ((string?)reply.Error["provider"]).ShouldBe("glm");
        ((string?)reply.Error["model"]).ShouldBe("glm-4.6");
        ((string?)reply.Error["callId"]).ShouldBe((string?)reply.Receipt["callId"]);
        waited.ShouldBeInRange(TimeSpan.FromSeconds(0.95), TimeSpan.FromSeconds(5));
        var request = machine.Simulator.Log.Chats.ShouldHaveSingleItem();
        await machine.Simulator.EndedAsync(request, SimulatorOutcome.ClientGone);
        return reply;
    }
}
