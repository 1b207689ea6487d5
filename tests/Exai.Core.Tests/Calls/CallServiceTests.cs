using Exai.Core.Calls;
using Exai.Protocol;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Calls;

/// <summary>Starting, attaching, replaying, refusing, cancelling; one daemon, or two that live.</summary>
public sealed class CallServiceTests
{
    [Theory, EveryStore]
    public void StartOrAttach_unknown_call_runs_once(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var request = world.Chat("hello");
        var attachment = daemon.Calls.StartOrAttach(request);
        daemon.Calls.IsLive(request.CallId).ShouldBeTrue();

        var outcome = await attachment.Outcome;

        outcome.State.ShouldBe(CallState.Succeeded);
        outcome.Text.ShouldStartWith("answer to (hello)");
        attachment.How.ShouldBe(RecoveredHow.None);
        world.Provider.Requests.Count.ShouldBe(1);
        var receipt = outcome.Receipt;
        (receipt.CallId, receipt.Tool, receipt.State, receipt.Runs, receipt.Recovered, receipt.Durable).ShouldBe((request.CallId, "chat", "succeeded", 1, "none", true));
        receipt.TotalMs.ShouldBe(10_000);
        await world.Simulation.SettleAsync();
        daemon.Calls.IsLive(request.CallId).ShouldBeFalse();
        daemon.Calls.Running.ShouldBe(0);
    });

    /// <summary>Trap 22.</summary>
    [Theory, EveryStore]
    public void StartOrAttach_while_running_attaches_and_the_provider_is_asked_once(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var request = world.Chat("hello");
        var first = daemon.Calls.StartOrAttach(request);
        await world.AfterAsync(4);

        var second = daemon.Calls.StartOrAttach(request);

        (await second.Outcome).ShouldBeSameAs(await first.Outcome);
        (first.How, second.How).ShouldBe((RecoveredHow.None, RecoveredHow.Attached));
        world.Provider.Requests.Count.ShouldBe(1);
    });

    [Theory, EveryStore]
    public void StartOrAttach_many_times_at_once_runs_once(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var request = world.Chat("hello");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => daemon.AskAsync(request)));

        outcomes.Distinct().Count().ShouldBe(1);
        world.Provider.Requests.Count.ShouldBe(1);
    });

    /// <summary>Trap 23.</summary>
    [Theory, EveryStore]
    public void StartOrAttach_after_completion_replays_also_on_the_next_daemon(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var request = world.Chat("hello");
        var outcome = await daemon.AskAsync(request);
        await world.Simulation.SettleAsync();

        var again = daemon.Calls.StartOrAttach(request);
        (await again.Outcome).Text.ShouldBe(outcome.Text);
        again.How.ShouldBe(RecoveredHow.Replayed);
        await daemon.KillAsync();

        var next = world.Start().Calls.StartOrAttach(request);
        var replayed = await next.Outcome;
        (replayed.Text, replayed.Receipt.TotalMs, replayed.Receipt.Runs).ShouldBe((outcome.Text, outcome.Receipt.TotalMs, 1));
        next.How.ShouldBe(RecoveredHow.Replayed);
        world.Provider.Requests.Count.ShouldBe(1);
    });

    /// <summary>Trap 24.</summary>
    [Theory, EveryStore]
    public void StartOrAttach_other_arguments_is_a_conflict_and_runs_nothing(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var request = world.Chat("hello");
        var running = daemon.Calls.StartOrAttach(request);

        Should.Throw<CallException>(() => daemon.Calls.StartOrAttach(world.Chat("other", callId: request.CallId))).Error.Code.ShouldBe(ErrorCodes.CallConflict);
        var outcome = await running.Outcome;
        await world.Simulation.SettleAsync();
        var afterwards = await daemon.AskAsync(world.Chat("other", callId: request.CallId));

        afterwards.Error!.Code.ShouldBe(ErrorCodes.CallConflict);
        afterwards.Error.CallId.ShouldBe(request.CallId);
        outcome.State.ShouldBe(CallState.Succeeded);
        world.Provider.Requests.Count.ShouldBe(1);
        (await daemon.AskAsync(request)).Text.ShouldBe(outcome.Text);
    });

    [Theory, EveryStore]
    public void StartOrAttach_same_arguments_in_another_spelling_is_the_same_call(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var request = world.Chat("hello") with { Arguments = System.Text.Json.JsonElement.Parse("""{"prompt":"hello","model":"glm-4.6"}""") };
        var first = daemon.Calls.StartOrAttach(request);

        var second = daemon.Calls.StartOrAttach(request with { Arguments = System.Text.Json.JsonElement.Parse("""{ "model" : "glm-4.6", "prompt" : "hello" }""") });

        (await second.Outcome).ShouldBeSameAs(await first.Outcome);
    });

    [Theory, EveryStore]
    public void StartOrAttach_expired_id_is_refused_and_not_journaled(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var request = world.Chat("hello");
        request = request with { CallId = CallId.New(new VirtualTime(world.Time.GetUtcNow().AddHours(-25))) };

        var outcome = await daemon.AskAsync(request);

        outcome.Error!.Code.ShouldBe(ErrorCodes.CallExpired);
        outcome.Text.ShouldContain("EXAI_RESULT_TTL_HOURS");
        (await daemon.FindAsync(request.CallId)).ShouldBeNull();
        world.Provider.Requests.ShouldBeEmpty();
    });

    [Theory, EveryStore]
    public void Finished_calls_are_forgotten_after_their_time_and_their_ids_refused(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Options = world.Options with { Lease = TimeSpan.FromHours(1), ResultTtl = TimeSpan.FromHours(3) };
        var daemon = world.Start();
        var request = world.Chat("hello");
        await daemon.AskAsync(request);
        await world.AfterAsync(TimeSpan.FromHours(2.9).TotalSeconds);
        (await daemon.FindAsync(request.CallId)).ShouldNotBeNull();

        await world.AfterAsync(TimeSpan.FromHours(3).TotalSeconds);

        (await daemon.FindAsync(request.CallId)).ShouldBeNull();
        (await daemon.AskAsync(request)).Error!.Code.ShouldBe(ErrorCodes.CallExpired);
        world.Provider.Requests.Count.ShouldBe(1);
    });

    [Theory, EveryStore]
    public void StartOrAttach_living_owner_is_waited_for(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var (older, newer) = (world.Start(), world.Start());
        var request = world.Chat("hello");
        var there = older.Calls.StartOrAttach(request);
        await world.AfterAsync(3);

        var here = newer.Calls.StartOrAttach(request);
        await world.AfterAsync(1);
        here.Progress.ShouldContain("another daemon");

        (await here.Outcome).Text.ShouldBe((await there.Outcome).Text);
        world.Provider.Requests.Count.ShouldBe(1);
        (await newer.FindAsync(request.CallId))!.Runs.ShouldBe(1);
    });

    /// <summary>Invariant 6: no wait without a clock, not even for a daemon that is stopped or stuck.</summary>
    [Theory, EveryStore]
    public void StartOrAttach_living_owner_never_ends_times_out_by_the_call_clock(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var (older, newer) = (world.Start(), world.Start());
        var request = world.Chat("hello");
        await older.Store.AcceptAsync(new NewCall(request, CanonicalJson.Hash("chat", request.Arguments), "t", false), new CallOwner(older.Epoch, "p"), CancellationToken.None);

        var outcome = await newer.AskAsync(request);

        (outcome.Error!.Code, outcome.Error.Clock).ShouldBe((ErrorCodes.Timeout, Clocks.Call));
        outcome.Text.ShouldContain(older.Epoch);
        world.Provider.Requests.ShouldBeEmpty();
        // It is the other daemon's call still: nothing was journaled over its head.
        (await newer.FindAsync(request.CallId))!.IsFinished.ShouldBeFalse();
    });

    /// <summary>Traps 12, 88: the provider's request is aborted.</summary>
    [Theory, EveryStore]
    public void CancelLater_nobody_comes_back_the_call_is_cancelled_at_the_provider(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(70));
        var daemon = world.Start();
        var attachment = daemon.Calls.StartOrAttach(world.Chat("hello"));
        await world.AfterAsync(5);

        attachment.CancelLater();
        await world.AfterAsync(29);
        world.Provider.Requests[0].Cancelled.ShouldBeFalse();
        var outcome = await attachment.Outcome;

        outcome.State.ShouldBe(CallState.Cancelled);
        outcome.Error!.Code.ShouldBe(ErrorCodes.Cancelled);
        outcome.Receipt.TotalMs.ShouldBe(35_000);
        outcome.Receipt.Attempts.Single().Outcome.ShouldBe(ErrorCodes.Cancelled);
        world.Provider.Requests[0].Cancelled.ShouldBeTrue();
        (await daemon.FindAsync(outcome.Receipt.CallId))!.Outcome!.State.ShouldBe(CallState.Cancelled);
    });

    [Theory, EveryStore]
    public void CancelLater_attached_again_within_the_grace_the_call_goes_on(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(70));
        var daemon = world.Start();
        var request = world.Chat("hello");
        daemon.Calls.StartOrAttach(request).CancelLater();
        await world.AfterAsync(29);

        var again = daemon.Calls.StartOrAttach(request);

        (await again.Outcome).State.ShouldBe(CallState.Succeeded);
        world.Provider.Requests.Single().Completed.ShouldBeTrue();
    });

    /// <summary>Trap 22: a cancel and the same question asked again can reach the call in the wrong order.</summary>
    [Theory]
    [InlineData(false, CallState.Succeeded)]
    [InlineData(true, CallState.Cancelled)]
    public void CancelLater_another_came_after_it_the_call_goes_on_unless_that_one_has_left(bool left, CallState ending) => CallWorld.Run(async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(70));
        var daemon = world.Start();
        var request = world.Chat("hello");
        var first = daemon.Calls.StartOrAttach(request);
        var second = daemon.Calls.StartOrAttach(request);
        if (left)
        {
            second.Dispose();
        }

        first.CancelLater();

        (await first.Outcome).State.ShouldBe(ending);
    });

    /// <summary>A call that waits behind a cancelled one on its thread does not want its answer.</summary>
    [Theory, EveryStore]
    public void CancelLater_a_call_on_the_thread_waits_behind_it_it_is_cancelled_all_the_same(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(10));
        var daemon = world.Start();
        var begun = await daemon.AskAsync(world.Chat("begin"));
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(70));
        var slow = world.Start();
        var cancelled = slow.Calls.StartOrAttach(world.Chat("slow", begun.Receipt.ThreadId));
        await world.AfterAsync(1);
        cancelled.CancelLater();
        await world.AfterAsync(1);

        var next = slow.Calls.StartOrAttach(world.Chat("next", begun.Receipt.ThreadId));

        (await cancelled.Outcome).State.ShouldBe(CallState.Cancelled);
        (await next.Outcome).State.ShouldBe(CallState.Succeeded);
        world.Provider.Requests.Single(request => request.Prompt == "slow").Cancelled.ShouldBeTrue();
    });

    [Theory, EveryStore]
    public void Call_clock_fires_the_call_ends_and_names_it(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Options = world.Options with { Timeout = TimeSpan.FromSeconds(30) };
        world.Provider = new ScriptedChatClient(world.Time, _ => [ScriptStep.Hang]);
        var daemon = world.Start();

        var outcome = await daemon.AskAsync(world.Chat("hello"));

        (outcome.State, outcome.Error!.Code, outcome.Error.Clock).ShouldBe((CallState.Failed, ErrorCodes.Timeout, Clocks.Call));
        outcome.Text.ShouldContain("30 s");
        outcome.Receipt.TotalMs.ShouldBe(30_000);
        world.Provider.Requests.Single().Cancelled.ShouldBeTrue();
    });

    [Theory, EveryStore]
    public void Failure_of_the_provider_is_an_outcome_like_any_other_and_stays(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, _ => [ScriptStep.Hang]);
        var daemon = world.Start();
        var request = world.Chat("hello");

        var outcome = await daemon.AskAsync(request);

        (outcome.Error!.Code, outcome.Error.Clock, outcome.Receipt.TotalMs).ShouldBe((ErrorCodes.Timeout, Clocks.FirstToken, 150_000L));
        await world.Simulation.SettleAsync();
        var again = await daemon.AskAsync(request);
        (again.Text, again.Error!.Code, again.Error.Clock).ShouldBe((outcome.Text, outcome.Error.Code, outcome.Error.Clock));
        world.Provider.Requests.Count.ShouldBe(2);
    });

    [Theory, EveryStore]
    public void Unknown_defect_in_a_providers_client_is_told_without_its_details_and_logged(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, _ => [new ScriptStep.Fail(new InvalidOperationException("secret detail"))]);
        var daemon = world.Start();

        var outcome = await daemon.AskAsync(world.Chat("hello"));

        outcome.Error!.Code.ShouldBe(ErrorCodes.ProviderError);
        outcome.Text.ShouldNotContain("secret");
        world.Log.Errors.ShouldContain(error => error.Contains("secret detail", StringComparison.Ordinal));
    });

    [Theory, EveryStore]
    public void Two_sessions_with_equal_arguments_are_two_calls(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();

        var outcomes = await Task.WhenAll(daemon.AskAsync(world.Chat("hello")), daemon.AskAsync(world.Chat("hello") with { SessionId = "other" }));

        outcomes[0].Receipt.ThreadId.ShouldNotBe(outcomes[1].Receipt.ThreadId);
        world.Provider.Requests.Count.ShouldBe(2);
    });

    [Theory, EveryStore]
    public void DisposeAsync_abandons_running_calls_without_an_outcome(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var request = world.Chat("hello");
        var attachment = daemon.Calls.StartOrAttach(request);
        await world.AfterAsync(1);

        await daemon.DisposeAsync();

        attachment.Outcome.IsCanceled.ShouldBeTrue();
        Should.Throw<ObjectDisposedException>(() => daemon.Calls.StartOrAttach(world.Chat("late")));
        daemon.Calls.Running.ShouldBe(0);
        (await world.Start().FindAsync(request.CallId))!.IsFinished.ShouldBeFalse();
        world.Provider.Requests.Single().Cancelled.ShouldBeTrue();
        world.Log.Errors.ShouldBeEmpty();
    });

    [Theory, EveryStore]
    public void WhenIdleAsync_waits_for_what_runs_and_no_longer(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        await daemon.Calls.WhenIdleAsync(CancellationToken.None);
        var started = world.Time.GetUtcNow();
        var running = new[] { daemon.AskAsync(world.Chat("one")), daemon.AskAsync(world.Chat("two")) };

        await daemon.Calls.WhenIdleAsync(CancellationToken.None);

        running.ShouldAllBe(call => call.IsCompleted);
        (world.Time.GetUtcNow() - started).ShouldBe(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), world.Time);
        var late = daemon.AskAsync(world.Chat("three"));
        await Should.ThrowAsync<OperationCanceledException>(daemon.Calls.WhenIdleAsync(limit.Token));
        await late;
    });
}
