using Exai.Core.Calls;
using Exai.Protocol;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Calls;

/// <summary>Trap 131: calls on one thread run one after another, in the order in which they were accepted.</summary>
public sealed class CallThreadOrderTests
{
    [Theory, EveryStore]
    public void Calls_on_one_thread_run_in_the_order_of_acceptance(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Chat("begin"))).Receipt.ThreadId!;

        var calls = Enumerable.Range(1, 5).Select(number => daemon.AskAsync(world.Chat($"question {number}", thread))).ToList();
        await Task.WhenAll(calls);

        var turns = (await daemon.Threads.FindAsync(thread, CancellationToken.None))!.Turns;
        turns.Select(turn => turn.Question).ShouldBe(["begin", "question 1", "question 2", "question 3", "question 4", "question 5"]);
        world.Provider.Requests.Select(request => request.Prompt).ShouldBe(turns.Select(turn => turn.Question));
        // Each saw those before it.
        world.Provider.Requests[^1].Messages.Count.ShouldBe(1 + (5 * 2) + 1);
    });

    [Theory, EveryStore]
    public void Calls_on_two_threads_run_side_by_side(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var threads = (await Task.WhenAll(daemon.AskAsync(world.Chat("one")), daemon.AskAsync(world.Chat("two")))).Select(outcome => outcome.Receipt.ThreadId).ToList();
        var started = world.Time.GetUtcNow();

        await Task.WhenAll(threads.Select(thread => daemon.AskAsync(world.Chat("on", thread))));

        (world.Time.GetUtcNow() - started).ShouldBe(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
    });

    [Theory, EveryStore]
    public void Dead_predecessor_is_taken_over_first(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Chat("begin"))).Receipt.ThreadId!;
        var orphan = world.Chat("orphan", thread);
        _ = daemon.Calls.StartOrAttach(orphan);
        await world.AfterAsync(2);
        await daemon.KillAsync();

        var next = world.Start();
        var outcome = await next.AskAsync(world.Chat("next", thread));

        outcome.State.ShouldBe(CallState.Succeeded);
        (await next.FindAsync(orphan.CallId))!.Outcome!.Receipt.Runs.ShouldBe(2);
        (await next.Threads.FindAsync(thread, CancellationToken.None))!.Turns.Select(turn => turn.Question).ShouldBe(["begin", "orphan", "next"]);
    });

    [Theory, EveryStore]
    public void Predecessor_of_a_living_daemon_is_waited_for(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var (older, newer) = (world.Start(), world.Start());
        var thread = (await older.AskAsync(world.Chat("begin"))).Receipt.ThreadId!;
        var there = older.AskAsync(world.Chat("there", thread));
        await world.AfterAsync(1);

        var here = await newer.AskAsync(world.Chat("here", thread));

        there.IsCompleted.ShouldBeTrue();
        here.State.ShouldBe(CallState.Succeeded);
        (await newer.Threads.FindAsync(thread, CancellationToken.None))!.Turns.Select(turn => turn.Question).ShouldBe(["begin", "there", "here"]);
    });

    [Theory, EveryStore]
    public void Predecessor_fails_the_next_call_runs_and_the_thread_lacks_only_that_turn(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Provider = new ScriptedChatClient(world.Time, request => request.Prompt == "bad"
            ? [ScriptStep.Hang]
            : ScriptedChatClient.Echo(request, TimeSpan.FromSeconds(1)));
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Chat("begin"))).Receipt.ThreadId!;
        var bad = daemon.AskAsync(world.Chat("bad", thread));

        var next = await daemon.AskAsync(world.Chat("next", thread));

        (await bad).State.ShouldBe(CallState.Failed);
        next.State.ShouldBe(CallState.Succeeded);
        (await daemon.Threads.FindAsync(thread, CancellationToken.None))!.Turns.Select(turn => turn.Question).ShouldBe(["begin", "next"]);
    });

    [Theory, EveryStore]
    public void Waiting_call_is_cancelled_by_its_own_client(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Chat("begin"))).Receipt.ThreadId!;
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(70));
        var slow = world.Start();
        var first = slow.AskAsync(world.Chat("first", thread));
        var second = slow.Calls.StartOrAttach(world.Chat("second", thread));
        await world.AfterAsync(1);
        second.Progress.ShouldBe("waiting for an earlier call on this thread");

        second.CancelLater();

        (await second.Outcome).State.ShouldBe(CallState.Cancelled);
        (await first).State.ShouldBe(CallState.Succeeded);
        world.Provider.Requests.Count.ShouldBe(1);
    });

    [Theory, EveryStore]
    public void Call_clock_fires_while_waiting_for_the_thread_the_call_ends(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Chat("begin"))).Receipt.ThreadId!;
        world.Options = world.Options with { Timeout = TimeSpan.FromSeconds(50) };
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(40));
        var slow = world.Start();
        var first = slow.AskAsync(world.Chat("first", thread));

        var second = await slow.AskAsync(world.Chat("second", thread));

        (await first).State.ShouldBe(CallState.Succeeded);
        (second.Error!.Code, second.Error.Clock).ShouldBe((ErrorCodes.Timeout, Clocks.Call));
    });

    /// <summary>No store, no taking over; but also no spinning at it.</summary>
    [Theory, EveryStore]
    public void Dead_predecessor_cannot_be_taken_over_the_next_call_waits_by_its_clock(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var thread = (await daemon.AskAsync(world.Chat("begin"))).Receipt.ThreadId!;
        _ = daemon.Calls.StartOrAttach(world.Chat("orphan", thread));
        await world.AfterAsync(2);
        await daemon.KillAsync();
        var next = world.Start();
        next.Store.Full.Add("TakeOverAsync");

        var stuck = await next.AskAsync(world.Chat("stuck", thread));
        next.Store.Full.Clear();
        var served = await next.AskAsync(world.Chat("served", thread));

        (stuck.Error!.Code, stuck.Error.Clock).ShouldBe((ErrorCodes.Timeout, Clocks.Call));
        served.State.ShouldBe(CallState.Succeeded);
    });
}
