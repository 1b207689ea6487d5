using Exai.Core.Admission;
using Exai.Core.Calls;
using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Calls;

/// <summary>Which calls are accepted when the queue is full: never one more, and always those that were accepted before.</summary>
public sealed class CallAdmissionTests
{
    private static readonly AdmissionOptions OneRunsOneWaits = new() { GlobalLimit = 1, SessionLimit = 1, DefaultProviderLimit = 1, QueueMax = 1 };

    [Theory, EveryStore]
    public void Call_beyond_the_share_is_refused_at_once_and_leaves_no_trace_in_the_journal(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Admission = OneRunsOneWaits;
        var daemon = world.Start();
        var running = daemon.AskAsync(world.Chat("first"));
        var queued = daemon.Calls.StartOrAttach(world.Chat("second"));
        await world.Simulation.SettleAsync();
        queued.Progress.ShouldBe("queued, place 1");
        var request = world.Chat("third");
        var asked = world.Time.GetTimestamp();

        var refused = await daemon.AskAsync(request);

        world.Time.GetElapsedTime(asked).ShouldBeLessThan(TimeSpan.FromMilliseconds(1));
        refused.Error!.Code.ShouldBe(ErrorCodes.OverCapacity);
        refused.Error.CallId.ShouldBe(request.CallId);
        refused.Error.RetryAfterSecs.ShouldNotBeNull().ShouldBeInRange(1, 60);
        (await daemon.FindAsync(request.CallId)).ShouldBeNull();

        // The same call, sent again after that time, is a new one to the daemon.
        await running;
        (await daemon.AskAsync(request)).State.ShouldBe(CallState.Succeeded);
        (await queued.Outcome).State.ShouldBe(CallState.Succeeded);
        world.Provider.Requests.Count.ShouldBe(3);
    });

    [Theory, EveryStore]
    public void Resend_of_a_call_that_runs_waits_or_has_ended_is_answered_however_full_the_queue_is(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Admission = OneRunsOneWaits;
        var daemon = world.Start();
        var ended = world.Chat("ended");
        await daemon.AskAsync(ended);
        var (running, queued) = (world.Chat("running"), world.Chat("queued"));
        var first = daemon.AskAsync(running);
        var second = daemon.AskAsync(queued);
        await world.Simulation.SettleAsync();

        (await daemon.AskAsync(ended)).State.ShouldBe(CallState.Succeeded);
        (await daemon.AskAsync(running)).ShouldBeSameAs(await first);
        (await daemon.AskAsync(queued)).ShouldBeSameAs(await second);
    });

    [Theory, EveryStore]
    public void Calls_of_a_dead_daemon_are_taken_over_even_beyond_the_share(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var accepted = Enumerable.Range(0, 5).Select(number => world.Chat($"call {number}")).ToList();
        var dead = world.Start();
        accepted.ForEach(request => dead.Calls.StartOrAttach(request));
        await world.AfterAsync(1);
        await dead.KillAsync();
        world.Admission = OneRunsOneWaits;
        var next = world.Start();

        var outcomes = await Task.WhenAll(accepted.Select(next.AskAsync));

        outcomes.ShouldAllBe(outcome => outcome.State == CallState.Succeeded);
    });

    [Theory, EveryStore]
    public void Place_is_free_again_however_the_call_ends(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Admission = OneRunsOneWaits;
        var daemon = world.Start();
        // Ends before it asks anybody.
        var failed = await daemon.AskAsync(world.Chat("hello", thread: Guid.NewGuid().ToString()));
        failed.Error!.Code.ShouldBe(ErrorCodes.ThreadNotFound);
        daemon.Store.Full.Add("AcceptAsync");
        (await daemon.AskAsync(world.Chat("not accepted"))).Error!.Code.ShouldBe(ErrorCodes.StoreFull);
        daemon.Store.Full.Clear();
        await world.Simulation.SettleAsync();
        daemon.Permits.Snapshot().Sessions.ShouldBeEmpty();
    });

    [Theory, EveryStore]
    public void Receipt_says_how_long_the_call_was_queued(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Admission = OneRunsOneWaits;
        var daemon = world.Start();
        var first = daemon.AskAsync(world.Chat("first"));
        await world.AfterAsync(4);

        var receipt = (await daemon.AskAsync(world.Chat("second"))).Receipt;

        (receipt.QueueMs, receipt.Attempts.Single().QueueMs, receipt.TotalMs).ShouldBe((6000, 6000, 16_000));
        (await first).Receipt.QueueMs.ShouldBe(0);
    });

    /// <summary>Trap 15.</summary>
    [Theory, EveryStore]
    public void Queue_clock_ends_the_call_with_its_place_and_how_long_it_waited(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Admission = OneRunsOneWaits with { QueueTimeout = TimeSpan.FromSeconds(3) };
        var daemon = world.Start();
        var first = daemon.AskAsync(world.Chat("first"));

        var outcome = await daemon.AskAsync(world.Chat("second"));

        (outcome.Error!.Code, outcome.Error.Clock, outcome.Receipt.QueueMs).ShouldBe((ErrorCodes.Timeout, Clocks.Queue, 3000));
        outcome.Text.ShouldContain("after 3 s");
        outcome.Text.ShouldContain("place 1");
        world.Provider.Requests.Count.ShouldBe(1);
        await first;
    });
}
