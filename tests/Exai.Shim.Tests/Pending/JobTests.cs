using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Testing.Shim;

namespace Exai.Shim.Tests.Pending;

/// <summary>Contract section 6; checklist rules 8 and 14; traps 13, 20 and 46: a call that outlasts its client's patience is a job.</summary>
public sealed class JobTests
{
    [Theory]
    [InlineData("unheard-of", 45)]
    [InlineData("claude-code", 110)]
    [InlineData("Claude-Code/2.1", 110)]
    [InlineData("codex-mcp-client", 270)]
    [InlineData("Visual Studio Code", 600)]
    public void Call_is_answered_running_when_its_client_will_not_wait_longer(string client, int seconds) => Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        rig.Daemon.Start();
        Initialize(rig, client);
        var started = rig.Time.GetUtcNow();
        rig.Call("1", "7");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Call().Progress(3, "glm-4.6 thinking");

        var answer = await rig.Client.ResponseAsync("1");

        (answer.At - started).TotalSeconds.ShouldBeInRange(seconds, seconds + 1);
        answer.IsToolError.ShouldBeFalse();
        Status(answer).ShouldBe(("running", rig.Daemon.Call().CallId, true));
        answer.ToolText.ShouldStartWith("Still running.");
        answer.ToolText.ShouldContain("glm-4.6 thinking");
        answer.ToolText.ShouldContain($"call job_result with job_id \"{rig.Daemon.Call().CallId}\"");

        // Nothing follows it.
        rig.Daemon.Call().Progress(900);
        rig.Daemon.Call().Answer();
        await rig.PassAsync(5);
        rig.Client.Responses("1").ShouldHaveSingleItem();
    });

    [Fact]
    public void Setting_outranks_the_clients_name() => Run(
        async rig =>
        {
            rig.Daemon.AnswersCalls = false;
            await rig.ReadyAsync();
            var started = rig.Time.GetUtcNow();
            rig.Call("1");

            Status(await rig.Client.ResponseAsync("1")).Status.ShouldBe("running");
            (rig.Time.GetUtcNow() - started).TotalSeconds.ShouldBeInRange(3, 4);
        },
        waitSeconds: "3");

    /// <summary>What the daemon counts as detached: it is told after the call, once, and on later links that it knows it already.</summary>
    [Fact]
    public void Daemon_is_told_that_nobody_waits_for_a_call_any_more() => Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        Detached(rig.Daemon.Connection).ShouldBeEmpty();

        await rig.Client.ResponseAsync("1");
        await rig.SettleAsync();
        Detached(rig.Daemon.Connection).ShouldBe(["""{"requestId":1,"again":false}"""]);

        rig.Daemon.Drop();
        await rig.LinkAsync();
        await rig.UntilAsync(() => Detached(rig.Daemon.Connection).Any(), "the note on the next link");
        Detached(rig.Daemon.Connection).ShouldBe(["""{"requestId":1,"again":true}"""]);
        rig.Daemon.Connection.Received.Select(message => message.Method).Where(method => method is "tools/call" or LinkContract.DetachedNotification)
            .ShouldBe(["tools/call", LinkContract.DetachedNotification]);
    });

    [Fact]
    public void Daemon_that_gets_a_call_that_was_answered_as_running_without_one_is_told() => Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        rig.Call("1");
        await rig.Client.ResponseAsync("1");

        rig.Daemon.Start();
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1 && Detached(rig.Daemon.Connection).Any(), "the call and the note");

        Detached(rig.Daemon.Connection).ShouldBe(["""{"requestId":1,"again":false}"""]);
    });

    /// <summary>Rule 8: with no daemon at all it comes in time too, and says that nobody has accepted the call.</summary>
    [Fact]
    public void Call_without_a_daemon_is_answered_running_and_given_to_the_first_that_comes() => Run(async rig =>
    {
        var started = rig.Time.GetUtcNow();
        rig.Call("1", "\"t\"");
        var answer = await rig.Client.ResponseAsync("1");

        (answer.At - started).TotalSeconds.ShouldBeInRange(45, 46);
        Status(answer).ShouldBe(("running", Status(answer).JobId, false));
        answer.ToolText.ShouldContain("No daemon has accepted it yet (waiting for the daemon)");
        rig.Client.Notifications("notifications/progress").ShouldNotBeEmpty();

        rig.Daemon.AnswersCalls = false;
        rig.Daemon.Start();
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Call().CallId.ShouldBe(Status(answer).JobId);
    });

    [Fact]
    public void Job_that_never_met_a_daemon_ends_with_the_call_clock_and_says_so_when_it_is_claimed() => Run(async rig =>
    {
        rig.Call("1");
        var job = Status(await rig.Client.ResponseAsync("1")).JobId;
        Result(rig, "2", job, wait: 5);
        var still = await rig.Client.ResponseAsync("2");
        Status(still).ShouldBe(("running", job, false));
        await rig.PassAsync(960);

        Result(rig, "3", job);
        var end = await rig.Client.ResponseAsync("3", TimeSpan.FromSeconds(1));

        (end.IsToolError, end.ErrorCode).ShouldBe((true, ErrorCodes.DaemonUnavailable));
        end.ToolText.ShouldContain("EXAI_CALL_TIMEOUT_SECS");
        rig.Daemon.Start();
        await rig.LinkAsync();
        rig.Daemon.Received.ShouldNotContain(message => message.CallId == job);
    });

    /// <summary>A refused call is in no journal: only the shim can say what became of the job.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Job_that_its_first_daemon_refuses_is_claimed_as_refused(bool askedAgainBefore) => Run(async rig =>
    {
        Ask(rig, "1");
        var job = Status(await rig.Client.ResponseAsync("1")).JobId;
        var asked = askedAgainBefore ? "2" : "1";
        if (askedAgainBefore)
        {
            Ask(rig, "2");
        }

        rig.Daemon.AnswersCalls = false;
        rig.Daemon.Start();
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Call().CallId.ShouldBe(job);
        Answer(rig, asked, Failed(ErrorCodes.StoreFull, job));
        await rig.PassAsync(1);
        Result(rig, "3", job);
        await rig.SettleAsync();
        Answer(rig, "3", Failed(ErrorCodes.InvalidArgument, callId: "another"));

        (await rig.Client.ResponseAsync("3")).ErrorCode.ShouldBe(ErrorCodes.StoreFull);
        Ask(rig, "4");
        await rig.UntilAsync(() => rig.Daemon.Connection.Received.Any(message => message is { Method: "tools/call", IdJson: "4" }), "the question asked again");
    });

    /// <summary>A daemon answers nothing to what was cancelled, also when it refuses it.</summary>
    [Fact]
    public void Job_that_was_asked_again_and_cancelled_is_claimed_as_cancelled_when_no_daemon_knows_it() => Run(async rig =>
    {
        Ask(rig, "1");
        var job = Status(await rig.Client.ResponseAsync("1")).JobId;
        Ask(rig, "2");
        rig.Daemon.AnswersCalls = false;
        rig.Daemon.Start();
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Client.Send("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}""");
        await rig.PassAsync(1);
        Result(rig, "3", job);
        await rig.SettleAsync();
        Answer(rig, "3", Failed(ErrorCodes.InvalidArgument, callId: "another"));

        (await rig.Client.ResponseAsync("3")).ErrorCode.ShouldBe(ErrorCodes.Cancelled);
    });

    [Fact]
    public void Job_goes_on_to_the_next_daemon_until_one_has_ended_it() => Run(async rig =>
    {
        var job = await RunningAsync(rig);
        rig.Daemon.Restart();
        await rig.LinkAsync();
        rig.Daemon.Call().Sent.Count.ShouldBe(2);
        rig.Daemon.Call().Answer();
        await rig.PassAsync(1);
        rig.Daemon.Restart();
        await rig.LinkAsync();

        rig.Daemon.Call().Sent.Count.ShouldBe(2);
        rig.Client.Responses("1").ShouldHaveSingleItem();
        _ = job;
    });

    /// <summary>The job's own message first: a daemon that never saw it must know it when it is asked for.</summary>
    [Fact]
    public void Question_for_a_result_follows_the_job_to_a_new_daemon() => Run(async rig =>
    {
        rig.Call("1");
        var job = Status(await rig.Client.ResponseAsync("1")).JobId;
        Result(rig, "2", job);
        rig.Daemon.AnswersCalls = false;
        rig.Daemon.Start();
        await rig.LinkAsync();

        rig.Daemon.Connection.Received.Where(message => message.Method == "tools/call").Select(message => message.IdJson).ShouldBe(["1", "2"]);
    });

    [Fact]
    public void Question_for_a_result_that_lasts_too_long_is_answered_with_the_job_itself() => Run(async rig =>
    {
        var job = await RunningAsync(rig);
        var started = rig.Time.GetUtcNow();
        Result(rig, "2", job, wait: 20);
        var answer = await rig.Client.ResponseAsync("2");

        Status(answer).ShouldBe(("running", job, true));
        // The daemon has its time, and the way back.
        (answer.At - started).TotalSeconds.ShouldBeInRange(25, 26);
        Result(rig, "3", job, wait: 500);
        ((await rig.Client.ResponseAsync("3")).At - answer.At).TotalSeconds.ShouldBeInRange(45, 46);
    });

    [Fact]
    public void Tool_that_keeps_no_results_says_that_nobody_answered() => Run(async rig =>
    {
        rig.Call("1", tool: "status");
        var answer = await rig.Client.ResponseAsync("1");

        (answer.IsToolError, answer.ErrorCode).ShouldBe((true, ErrorCodes.DaemonUnavailable));
        answer.ToolText.ShouldContain("No daemon answered within 45 s");
        rig.Daemon.Start();
        await rig.LinkAsync();
        rig.Daemon.Calls.ShouldBeEmpty();
    });

    // ── The same question again ──────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Trap 220: what is asked again is not bought again.</summary>
    [Fact]
    public void Call_that_repeats_one_answered_running_joins_it_under_its_id() => Run(async rig =>
    {
        var job = await RunningAsync(rig);
        Ask(rig, "2", "\"t2\"");
        await rig.SettleAsync();

        rig.Daemon.Calls.ShouldHaveSingleItem().Sent.Count.ShouldBe(2);
        Status(await rig.Client.ResponseAsync("2")).JobId.ShouldBe(job);

        Ask(rig, "3");
        await rig.SettleAsync();
        Answer(rig, "3", $$"""{"content":[{"type":"text","text":"late"}],"_meta":{"exai/receipt":{"callId":"{{job}}"} } }""");
        (await rig.Client.ResponseAsync("3")).ToolText.ShouldBe("late");
    });

    [Fact]
    public void Call_that_repeats_a_cancelled_one_joins_it_and_the_cancel_is_not_said_again() => Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        Ask(rig, "1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Cancel("1");
        await rig.PassAsync(5);
        Ask(rig, "2");
        await rig.SettleAsync();
        rig.Daemon.Drop();
        await rig.LinkAsync();

        rig.Daemon.Calls.ShouldHaveSingleItem();
        rig.Daemon.Connection.Received.ShouldNotContain(message => message.Method == "notifications/cancelled");
        rig.Daemon.Connection.Received.Where(message => message.Method == "tools/call").Select(message => message.IdJson).ShouldBe(["2"]);
    });

    /// <summary>Trap 33: two that are waited for at once are two questions, and so is one whose answer has been given.</summary>
    [Fact]
    public void Twins_that_are_both_waited_for_are_two_calls_and_so_is_one_asked_after_the_answer() => Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        Ask(rig, "1");
        Ask(rig, "2");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 2, "two calls");
        rig.Daemon.Call().Answer();
        await rig.Client.ResponseAsync("1");
        Ask(rig, "3");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 3, "a third");
        rig.Daemon.Call(1).Answer();
        rig.Daemon.Call(2).Answer();
        await rig.Client.ResponseAsync("3");
    });

    [Fact]
    public void Other_arguments_other_tool_and_other_files_are_other_calls() => Run(async rig =>
    {
        await RunningAsync(rig);
        foreach (var (id, parameters) in new[]
        {
            ("2", """{"name":"chat","arguments":{"prompt":"another"} }"""),
            ("3", """{"name":"debug","arguments":{"prompt":"why","n":1} }"""),
            ("4", """{"name":"chat","arguments":{"prompt":"why","n":1},"_meta":{"exai/files":[{"sha256":"a"}]} }"""),
            ("5", """{"name":"chat"}"""),
        })
        {
            rig.Send($$"""{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{{parameters}}}""");
        }

        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 5, "five calls");
        rig.Daemon.Calls.Select(call => call.CallId).ShouldBeUnique();
    });

    [Fact]
    public void Result_that_was_claimed_is_delivered_and_the_question_asked_again_is_new() => Run(async rig =>
    {
        var job = await RunningAsync(rig);
        Result(rig, "2", job);
        await rig.SettleAsync();
        Answer(rig, "2", $$"""{"content":[{"type":"text","text":"claimed"}],"_meta":{"exai/receipt":{"callId":"{{job}}","recovered":"replayed"} } }""");
        (await rig.Client.ResponseAsync("2")).ToolText.ShouldBe("claimed");

        Ask(rig, "3");

        await rig.UntilAsync(() => rig.Daemon.Calls.Count(call => call.IdJson == "3") == 1, "a new call");
        rig.Daemon.Calls.Single(call => call.IdJson == "3").CallId.ShouldNotBe(job);
    });

    /// <summary>The grace is over, and the call was cancelled at the provider: whoever asks again wants an answer and not that.</summary>
    [Theory]
    [InlineData("replayed", 0)]
    [InlineData("attached", 0)]
    public void Repetition_that_comes_too_late_is_asked_anew(string how, double after) => Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        Ask(rig, "1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        var given = rig.Daemon.Call().CallId;
        rig.Cancel("1");
        await rig.PassAsync(40);
        Ask(rig, "2");
        await rig.SettleAsync();
        await rig.PassAsync(after);
        Answer(rig, "2", Cancelled(given, how));
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 2, "a new call");
        rig.Daemon.Call(1).Answer("fresh");

        (await rig.Client.ResponseAsync("2")).ToolText.ShouldBe("fresh");
        rig.Daemon.Call(1).CallId.ShouldNotBe(given);
    });

    [Fact]
    public void Repetition_that_is_cancelled_while_it_waits_is_told_so() => Run(async rig =>
    {
        var job = await RunningAsync(rig);
        Ask(rig, "2");
        await rig.PassAsync(10);
        Answer(rig, "2", Cancelled(job, "attached"));

        (await rig.Client.ResponseAsync("2")).ErrorCode.ShouldBe(ErrorCodes.Cancelled);
        rig.Daemon.Calls.ShouldHaveSingleItem();
    });

    /// <summary>Trap 28: a client that counts its ids anew after another initialize must not get the answer to its earlier question.</summary>
    [Fact]
    public void Late_answer_of_a_job_is_not_taken_for_that_of_a_new_call_of_the_same_request_id() => Run(async rig =>
    {
        var job = await RunningAsync(rig);
        rig.Initialize(id: "\"again\"");
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 2, "the second call");
        Answer(rig, "1", $$"""{"content":[{"type":"text","text":"the first one's"}],"_meta":{"exai/receipt":{"callId":"{{job}}"} } }""");
        await rig.PassAsync(1);
        rig.Client.Responses("1").ShouldHaveSingleItem();
        rig.Daemon.Call(1).Answer("the second one's");
        await rig.UntilAsync(() => rig.Client.Responses("1").Count() == 2, "the second answer");

        rig.Client.Responses("1").Last().ToolText.ShouldBe("the second one's");
    });

    /// <summary>A daemon that fell silent may not have read it, however long the connection stands.</summary>
    [Fact]
    public void Cancel_to_a_daemon_that_is_silent_ends_the_connection_and_is_said_again() => Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        Ask(rig, "1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        var silent = rig.Daemon.Connection;
        rig.Daemon.Frozen = true;
        rig.Cancel("1");
        await rig.PassAsync(60);
        rig.Daemon.Frozen = false;
        rig.Daemon.Restart();
        await rig.UntilAsync(() => rig.Daemon.Connection != silent && rig.Daemon.Connection.Received.Any(message => message.Method == "notifications/cancelled"), "the cancel");
    });

    /// <summary>Written to a connection that broke: nobody can tell whether it was read.</summary>
    [Fact]
    public void Cancel_on_a_connection_that_breaks_is_said_again_on_the_next() => Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        Ask(rig, "1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Cancel("1");
        rig.Daemon.Drop();
        await rig.LinkAsync();

        rig.Daemon.Connection.Received.Where(message => message.Method is "tools/call" or "notifications/cancelled").Select(message => message.Method)
            .ShouldBe(["tools/call", "notifications/cancelled"]);

        // A connection that stood for the grace has brought it.
        await rig.PassAsync(40);
        rig.Daemon.Drop();
        await rig.LinkAsync();
        rig.Daemon.Connection.Received.ShouldNotContain(message => message.Method == "tools/call");
    });

    private static void Run(Func<ShimRig, Task> body, string? waitSeconds = null) => ShimRig.Run(body, rig =>
    {
        rig.Environment.Remove("EXAI_CLIENT_WAIT_SECS");
        if (waitSeconds is not null)
        {
            rig.Environment["EXAI_CLIENT_WAIT_SECS"] = waitSeconds;
        }
    });

    private static void Initialize(ShimRig rig, string client) =>
        rig.Send($$$"""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"{{{client}}}","version":"1"} } }""");

    /// <summary>A call that a daemon has and that was answered running; its job id.</summary>
    private static async Task<string> RunningAsync(ShimRig rig)
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        Ask(rig, "1");
        return Status(await rig.Client.ResponseAsync("1")).JobId;
    }

    /// <summary>The notes that a daemon got of calls for which nobody waits.</summary>
    private static IEnumerable<string> Detached(FakeConnection connection) =>
        connection.Received.Where(message => message.Method == LinkContract.DetachedNotification).Select(message => message.Json["params"]!.ToJsonString());

    private static void Ask(ShimRig rig, string id, string token = "\"t\"") =>
        rig.Send($$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"_meta":{"progressToken":{{{token}}}},"arguments":{"n":1,"prompt":"why"},"name":"chat"} }""");

    private static void Result(ShimRig rig, string id, string job, double? wait = null)
    {
        var arguments = new JsonObject { ["job_id"] = job };
        if (wait is not null)
        {
            arguments["wait_seconds"] = wait;
        }

        rig.Send($$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"name":"job_result","arguments":{{{arguments.ToJsonString()}}}} }""");
    }

    private static void Answer(ShimRig rig, string id, string result) => rig.Daemon.Connection.Push($$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""");

    private static string Failed(string code, string callId) =>
        $$"""{"content":[{"type":"text","text":"{{code}}: no"}],"isError":true,"_meta":{"exai/error":{"code":"{{code}}","callId":"{{callId}}"} } }""";

    private static string Cancelled(string callId, string how) =>
        $$"""{"content":[{"type":"text","text":"CANCELLED: ended"}],"isError":true,"_meta":{"exai/receipt":{"callId":"{{callId}}","recovered":"{{how}}"},"exai/error":{"code":"CANCELLED","callId":"{{callId}}"} } }""";

    private static (string? Status, string JobId, bool Accepted) Status(ClientLine line) =>
        ((string?)line.Result!["structuredContent"]!["status"], (string)line.Result["structuredContent"]!["job_id"]!, (bool)line.Result["structuredContent"]!["accepted"]!);
}
