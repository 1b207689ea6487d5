using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Core.Calls;
using Exai.Core.Tests.Calls;
using Exai.Core.Tools;
using Exai.Core.Tools.Jobs;
using Exai.Protocol;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Tools.Jobs;

/// <summary>Traps 13, 23, 46 and 47: what a client could not wait for can be claimed, from anywhere, as often as it is asked for.</summary>
public sealed class JobToolTests
{
    [Theory, EveryStore]
    public void Result_of_a_call_that_runs_on_is_the_word_that_it_does_and_what_it_is_doing(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(70));
        var daemon = world.Start();
        var call = world.Chat("hello");
        using var first = daemon.Calls.StartOrAttach(call);
        var started = world.Time.GetUtcNow();

        var result = await ResultAsync(world, daemon, call.CallId, waitSeconds: 20);

        (world.Time.GetUtcNow() - started).TotalSeconds.ShouldBe(20, 0.1);
        ((bool)result["isError"]!).ShouldBeFalse();
        result["structuredContent"]!.ToJsonString().ShouldBe($$"""{"status":"running","job_id":"{{call.CallId}}","accepted":true}""");
        Text(result).ShouldContain($"job_result with job_id \"{call.CallId}\"");
        Text(result).ShouldContain(first.Progress);
    });

    [Theory, EveryStore]
    public void Result_comes_as_soon_as_there_is_one(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var call = world.Chat("hello");
        using var first = daemon.Calls.StartOrAttach(call);

        var result = await ResultAsync(world, daemon, call.CallId);

        Text(result).ShouldBe((await first.Outcome).Text);
        Receipt(result, "recovered").ShouldBe(RecoveredHow.Attached);
        Receipt(result, "callId").ShouldBe(call.CallId);
        Receipt(result, "totalMs").ShouldBe("10000");
    });

    [Theory, EveryStore]
    public void Result_is_claimed_by_another_session_from_the_next_daemon_again_and_again(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var call = world.Chat("hello");
        var outcome = await daemon.AskAsync(call);
        await daemon.DisposeAsync();
        var next = world.Start();

        for (var times = 0; times < 2; times++)
        {
            var result = await ResultAsync(world, next, call.CallId, session: "another session");
            Text(result).ShouldBe(outcome.Text);
            Receipt(result, "recovered").ShouldBe(RecoveredHow.Replayed);
        }

        world.Provider.Requests.Count.ShouldBe(1);
    });

    [Theory, EveryStore]
    public void Result_of_a_call_that_lost_its_daemon_takes_it_over(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var call = world.Chat("hello");
        daemon.Calls.StartOrAttach(call);
        await world.AfterAsync(5);
        await daemon.KillAsync();

        var result = await ResultAsync(world, world.Start(), call.CallId);

        ((bool)result["isError"]!).ShouldBeFalse();
        Receipt(result, "runs").ShouldBe("2");
    });

    /// <summary>A client's cancel may be its time-out: whoever claims the job in the grace keeps it alive.</summary>
    [Theory, EveryStore]
    public void Result_asked_for_within_the_grace_of_a_cancel_keeps_the_call_alive(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(70));
        var daemon = world.Start();
        var call = world.Chat("hello");
        daemon.Calls.StartOrAttach(call).CancelLater();
        await world.AfterAsync(20);

        Status(await ResultAsync(world, daemon, call.CallId, waitSeconds: 30)).ShouldBe("running");
        await world.AfterAsync(60);

        ((bool)(await ResultAsync(world, daemon, call.CallId))["isError"]!).ShouldBeFalse();
        world.Provider.Requests.Single().Completed.ShouldBeTrue();
    });

    [Theory, EveryStore]
    public void Leaving_the_wait_for_a_result_does_nothing_to_the_call(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(70));
        var daemon = world.Start();
        var call = world.Chat("hello");
        using var first = daemon.Calls.StartOrAttach(call);
        using var leaving = new CancellationTokenSource(TimeSpan.FromSeconds(5), world.Time);

        await Should.ThrowAsync<OperationCanceledException>(() => ResultAsync(world, daemon, call.CallId, cancellationToken: leaving.Token));

        (await first.Outcome).State.ShouldBe(CallState.Succeeded);
    });

    [Theory]
    [EveryStore(null, null, 40)]
    [EveryStore(null, 0.0, 0)]
    [EveryStore(null, 300.0, 42)]
    [EveryStore("claude-code", 300.0, 107)]
    [EveryStore("Codex MCP Client", 300.0, 267)]
    public void Result_is_waited_for_no_longer_than_the_client_waits(StoreEngine store, string? client, double? asked, double seconds) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, _ =>
            [.. Enumerable.Range(0, 8).SelectMany(_ => (ScriptStep[])[ScriptStep.Seconds(60), new ScriptStep.Say("on ")]), new ScriptStep.Finish()]);
        var daemon = world.Start();
        var call = world.Chat("hello");
        daemon.Calls.StartOrAttach(call);
        var started = world.Time.GetUtcNow();

        Status(await ResultAsync(world, daemon, call.CallId, asked, client: client)).ShouldBe("running");

        (world.Time.GetUtcNow() - started).TotalSeconds.ShouldBe(seconds, 0.1);
    });

    [Theory]
    [EveryStore("{}", "'job_id' is missing")]
    [EveryStore("{\"job_id\":\"seventeen\"}", "'job_id' was 'seventeen', which is no job id")]
    [EveryStore("{\"job_id\":\"01985c0e-7b1a-7c3e-8d3a-0123456789ab\"}", "No call 01985c0e-7b1a-7c3e-8d3a-0123456789ab is known")]
    [EveryStore("{\"job_id\":\"01985c0e-7b1a-7c3e-8d3a-0123456789ab\",\"wait_second\":1}", "did you mean 'wait_seconds'")]
    public void Job_that_cannot_be_is_refused_with_the_reason(StoreEngine store, string arguments, string reason) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var tool = new JobResultTool(Finder(world, daemon), clientWait: null, world.Time);

        var refusal = await Should.ThrowAsync<CallException>(() => tool.AnswerAsync(Request(world, arguments), new CallWatch(), CancellationToken.None));

        refusal.Error.Code.ShouldBe(ErrorCodes.InvalidArgument);
        refusal.Message.ShouldContain(reason);
    });

    /// <summary>Shim and model send at the same moment; either may be first.</summary>
    [Theory, EveryStore]
    public void Result_is_asked_for_a_moment_before_the_call_itself_comes(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var call = world.Chat("hello");
        var asking = ResultAsync(world, daemon, call.CallId);
        await world.AfterAsync(0.5);
        daemon.Calls.StartOrAttach(call);

        ((bool)(await asking)["isError"]!).ShouldBeFalse();
    });

    [Theory, EveryStore]
    public void Cancel_ends_the_call_at_once_and_says_so(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(70));
        var daemon = world.Start();
        var call = world.Chat("hello");
        using var first = daemon.Calls.StartOrAttach(call);
        await world.AfterAsync(5);
        var started = world.Time.GetUtcNow();

        (await CancelAsync(world, daemon, call.CallId)).ShouldBe($"Job {call.CallId} is cancelled.");

        (world.Time.GetUtcNow() - started).ShouldBeLessThan(TimeSpan.FromSeconds(1));
        (await first.Outcome).Error!.Code.ShouldBe(ErrorCodes.Cancelled);
        world.Provider.Requests.Single().Cancelled.ShouldBeTrue();
    });

    [Theory, EveryStore]
    public void Cancel_of_a_call_that_has_ended_changes_nothing_and_says_what_it_came_to(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var outcome = await daemon.AskAsync(world.Chat("hello"));

        (await CancelAsync(world, daemon, outcome.Receipt.CallId)).ShouldContain("had ended before (succeeded)");

        (await daemon.FindAsync(outcome.Receipt.CallId))!.State.ShouldBe(CallState.Succeeded);
    });

    [Theory, EveryStore]
    public void Cancel_of_a_call_that_lost_its_daemon_ends_it_and_asks_nobody_again(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var call = world.Chat("hello");
        daemon.Calls.StartOrAttach(call);
        await world.AfterAsync(5);
        await daemon.KillAsync();

        (await CancelAsync(world, world.Start(), call.CallId)).ShouldContain("is cancelled");

        world.Provider.Requests.Count.ShouldBe(1);
    });

    /// <summary>During a restart the older generation finishes its calls: a cancel that reaches the newer one is passed on through the store.</summary>
    [Theory, EveryStore]
    public void Cancel_of_a_call_that_another_daemon_runs_reaches_that_daemon(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(70));
        world.Options = world.Options with { Lease = TimeSpan.FromSeconds(3) };
        var (older, newer) = (world.Start(), world.Start());
        var call = world.Chat("hello");
        using var first = older.Calls.StartOrAttach(call);
        await world.AfterAsync(5);

        (await CancelAsync(world, newer, call.CallId)).ShouldContain("is cancelled");

        (await first.Outcome).State.ShouldBe(CallState.Cancelled);
        (await newer.FindAsync(call.CallId))!.Runs.ShouldBe(1);
        world.Provider.Requests.Single().Cancelled.ShouldBeTrue();
    });

    [Theory, EveryStore]
    public void List_shows_what_runs_and_what_can_be_claimed_newest_first(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var done = world.Chat("what is\na shim? " + new string('x', 100));
        await daemon.AskAsync(done);
        await world.AfterAsync(1);
        var running = world.Chat("and a daemon?");
        daemon.Calls.StartOrAttach(running);
        await world.AfterAsync(5);

        var lines = (await new JobListTool(daemon.Store, world.Time).AnswerAsync(new ToolArguments("job_list", JsonElement.Parse("{}")), CancellationToken.None)).ReplaceLineEndings("\n").Split('\n');

        lines.Length.ShouldBe(3);
        lines[0].ShouldStartWith($"{running.CallId}  running  chat  ");
        lines[0].ShouldEndWith("  5 s  and a daemon?");
        lines[1].ShouldStartWith($"{done.CallId}  succeeded  chat  ");
        lines[1].ShouldContain("  10 s  what is a shim? xxx");
        lines[1].ShouldEndWith("x…");
        lines[2].ShouldContain("job_result");
    });

    [Theory, EveryStore]
    public void List_of_no_calls_says_so(StoreEngine store) => CallWorld.Run(store, async world =>
        (await new JobListTool(world.Start().Store, world.Time).AnswerAsync(new ToolArguments("job_list", JsonElement.Parse("{}")), CancellationToken.None))
            .ShouldBe("There are no calls yet."));

    private static JobFinder Finder(CallWorld world, TestDaemon daemon) => new(() => daemon.Calls, world.Time);

    private static CallRequest Request(CallWorld world, string arguments, string? client = null, string session = "session") => new()
    {
        CallId = CallId.New(world.Time),
        Tool = JobTools.Result,
        Arguments = JsonElement.Parse(arguments),
        SessionId = session,
        ClientName = client,
    };

    private static Task<JsonObject> ResultAsync(
        CallWorld world, TestDaemon daemon, string jobId, double? waitSeconds = null, string? client = null, string session = "session", CancellationToken cancellationToken = default)
    {
        var arguments = new JsonObject { ["job_id"] = jobId };
        if (waitSeconds is not null)
        {
            arguments["wait_seconds"] = waitSeconds;
        }

        return new JobResultTool(Finder(world, daemon), clientWait: null, world.Time)
            .AnswerAsync(Request(world, arguments.ToJsonString(), client, session), new CallWatch(), cancellationToken);
    }

    private static Task<string> CancelAsync(CallWorld world, TestDaemon daemon, string jobId) => new JobCancelTool(Finder(world, daemon), world.Time)
        .AnswerAsync(new ToolArguments(JobTools.Cancel, JsonElement.Parse($$"""{"job_id":"{{jobId}}"}""")), CancellationToken.None);

    private static string Text(JsonObject result) => (string)result["content"]![0]!["text"]!;

    private static string? Status(JsonObject result) => (string?)result["structuredContent"]?["status"];

    private static string Receipt(JsonObject result, string member) => result["_meta"]![MetaKeys.Receipt]![member]!.ToString();
}
