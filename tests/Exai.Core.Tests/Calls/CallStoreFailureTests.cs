using Exai.Core.Calls;
using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Calls;

/// <summary>What becomes of calls when the store fails, write by write.</summary>
public sealed class CallStoreFailureTests
{
    [Theory, EveryStore]
    public void Full_at_accept_the_call_is_refused_and_nobody_asked(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        daemon.Store.Full.Add("AcceptAsync");
        var request = world.Chat("hello");

        var outcome = await daemon.AskAsync(request);

        outcome.Error!.Code.ShouldBe(ErrorCodes.StoreFull);
        outcome.Receipt.Runs.ShouldBe(0);
        world.Provider.Requests.ShouldBeEmpty();
        daemon.Store.Full.Clear();
        (await daemon.AskAsync(request)).State.ShouldBe(CallState.Succeeded);
    });

    [Theory, EveryStore]
    public void Full_at_the_step_and_at_the_end_the_answer_is_sent_as_not_durable(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        daemon.Store.Full.UnionWith(["SaveStepAsync", "FinishAsync"]);
        var request = world.Chat("hello");

        var outcome = await daemon.AskAsync(request);
        await world.Simulation.SettleAsync();
        var again = daemon.Calls.StartOrAttach(request);

        (outcome.State, outcome.Receipt.Durable).ShouldBe((CallState.Succeeded, false));
        (await again.Outcome).ShouldBeSameAs(outcome);
        world.Provider.Requests.Count.ShouldBe(1);
        Should.Throw<CallException>(() => daemon.Calls.StartOrAttach(world.Chat("other", callId: request.CallId))).Error.Code.ShouldBe(ErrorCodes.CallConflict);
    });

    [Theory, EveryStore]
    public void Room_again_what_was_sent_as_not_durable_is_journaled_and_told_as_durable(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        daemon.Store.Full.Add("FinishAsync");
        var request = world.Chat("hello");
        var outcome = await daemon.AskAsync(request);

        daemon.Store.Full.Clear();
        await world.AfterAsync(world.Options.Lease.TotalSeconds);

        daemon.Calls.IsLive(request.CallId).ShouldBeFalse();
        await daemon.KillAsync();
        var replayed = await world.Start().AskAsync(request);
        (replayed.Text, replayed.Receipt.Runs, replayed.Receipt.Durable).ShouldBe((outcome.Text, 1, true));
        world.Provider.Requests.Count.ShouldBe(1);
    });

    [Theory, EveryStore]
    public void Room_again_at_a_clean_stop_it_is_journaled_then(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        daemon.Store.Full.Add("FinishAsync");
        var request = world.Chat("hello");
        var outcome = await daemon.AskAsync(request);
        daemon.Store.Full.Clear();

        await daemon.DisposeAsync();

        (await world.Start().AskAsync(request)).Text.ShouldBe(outcome.Text);
        world.Provider.Requests.Count.ShouldBe(1);
    });

    /// <summary>Its client has a continuation_id: the next call on the thread must find the turn, and must not spin until then.</summary>
    [Theory, EveryStore]
    public void Not_durable_answer_begins_a_thread_the_next_call_goes_on_with_it(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        daemon.Store.Full.Add("FinishAsync");
        var begun = await daemon.AskAsync(world.Chat("begin"));
        daemon.Store.Full.Clear();

        var next = await daemon.AskAsync(world.Chat("next", begun.Receipt.ThreadId));

        next.State.ShouldBe(CallState.Succeeded);
        world.Provider.Requests[^1].Messages.Select(message => message.Text).Skip(1).ShouldBe(["begin", "answer to (begin)", "next"]);
    });

    /// <summary>A call that was accepted has an outcome: without one it would run again for nobody, and hold up its thread.</summary>
    [Theory, EveryStore]
    public void Unreadable_after_accept_the_failure_is_the_calls_outcome(StoreEngine store) =>
        CallWorld.Run(store, world => FailsForGoodAsync(world, "FindPredecessorAsync", (_, _, _) => ValueTask.CompletedTask));

    /// <summary>Only a later run looks for the steps of those before.</summary>
    [Theory, EveryStore]
    public void Unreadable_steps_of_a_dead_run_the_failure_is_the_calls_outcome(StoreEngine store) => CallWorld.Run(store, world => FailsForGoodAsync(
        world,
        "FindStepsAsync",
        async (daemon, request, thread) =>
        {
            world.Dead.Add("epoch-dead");
            await daemon.Store.AcceptAsync(
                new NewCall(request, request.Fingerprint(), thread, ContinuesThread: true), new CallOwner("epoch-dead", "process"), CancellationToken.None);
        }));

    [Theory, EveryStore]
    public void Unreadable_at_the_look_up_nothing_is_begun(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        daemon.Store.Unreadable.Add("FindAsync");
        var request = world.Chat("hello");

        (await daemon.AskAsync(request)).Error!.Code.ShouldBe(ErrorCodes.InternalError);

        daemon.Store.Unreadable.Clear();
        await world.Simulation.SettleAsync();
        (await daemon.AskAsync(request)).Receipt.Runs.ShouldBe(1);
    });

    [Theory, EveryStore]
    public void Leases_cannot_be_renewed_the_calls_run_on(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Options = world.Options with { Lease = TimeSpan.FromSeconds(3) };
        var daemon = world.Start();
        daemon.Store.Full.Add("RenewLeasesAsync");

        (await daemon.AskAsync(world.Chat("hello"))).State.ShouldBe(CallState.Succeeded);

        daemon.Store.Full.Clear();
        var later = world.Chat("later");
        _ = daemon.Calls.StartOrAttach(later);
        await world.AfterAsync(5);
        (await daemon.FindAsync(later.CallId))!.LeaseUntil.ShouldBeGreaterThan(world.Time.GetUtcNow() + TimeSpan.FromSeconds(1.9));
    });

    private static async Task FailsForGoodAsync(CallWorld world, string operation, Func<TestDaemon, CallRequest, string, ValueTask> prepare)
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Chat("begin"))).Receipt.ThreadId;
        var request = world.Chat("hello", thread);
        await prepare(daemon, request, thread!);
        daemon.Store.Unreadable.Add(operation);

        var outcome = await daemon.AskAsync(request);

        (outcome.State, outcome.Error!.Code).ShouldBe((CallState.Failed, ErrorCodes.InternalError));
        outcome.Text.ShouldContain("disk I/O error");
        daemon.Store.Unreadable.Clear();
        await world.Simulation.SettleAsync();
        (await daemon.AskAsync(request)).Text.ShouldBe(outcome.Text);
        (await daemon.AskAsync(world.Chat("next", thread))).State.ShouldBe(CallState.Succeeded);
    }
}
