using Exai.Core.Calls;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Calls;

/// <summary>Trap 12: a cancel that reaches a daemon which only waits for the call of another is not lost.</summary>
public sealed class CallCancelTests
{
    [Theory, EveryStore]
    public void Grace_is_over_at_a_daemon_that_waits_the_one_that_runs_the_call_cancels_it(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var (older, _, there, here) = await TwoDaemonsAsync(world);

        here.CancelLater();
        await world.AfterAsync(29);
        world.Provider.Requests.Single().Cancelled.ShouldBeFalse();

        (await there.Outcome).State.ShouldBe(CallState.Cancelled);
        (await here.Outcome).State.ShouldBe(CallState.Cancelled);
        world.Provider.Requests.Single().Cancelled.ShouldBeTrue();
        (await older.FindAsync(here.CallId))!.Runs.ShouldBe(1);
    });

    [Theory, EveryStore]
    public void Attached_again_within_the_grace_at_the_daemon_that_waits_the_call_goes_on(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var (_, newer, there, here) = await TwoDaemonsAsync(world);
        here.CancelLater();
        await world.AfterAsync(20);

        using var again = (await newer.Calls.ClaimAsync(here.CallId, token: null, CancellationToken.None))!;

        (await there.Outcome).State.ShouldBe(CallState.Succeeded);
        (await again.Outcome).State.ShouldBe(CallState.Succeeded);
    });

    [Theory, EveryStore]
    public void Owner_dies_before_it_hears_of_the_cancel_the_call_ends_cancelled_and_nobody_is_asked_again(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var (older, newer, _, here) = await TwoDaemonsAsync(world);
        using var cancelled = await newer.Calls.CancelAsync(here.CallId, token: null, CancellationToken.None);
        await older.KillAsync();

        (await here.Outcome).State.ShouldBe(CallState.Cancelled);

        world.Provider.Requests.Count.ShouldBe(1);
    });

    /// <summary>Passed on and then left by both daemons: whoever takes the call over, for its thread or a retry, ends it.</summary>
    [Theory, EveryStore]
    public void Both_daemons_die_after_the_cancel_the_next_one_ends_the_call_without_running_it(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Options = world.Options with { Lease = TimeSpan.FromSeconds(3000) };
        var (older, newer, _, here) = await TwoDaemonsAsync(world);
        using var cancelled = await newer.Calls.CancelAsync(here.CallId, token: null, CancellationToken.None);
        await world.AfterAsync(2);
        await older.KillAsync();
        await newer.KillAsync();

        var outcome = await world.Start().AskAsync((await world.Start().FindAsync(here.CallId))!.ToRequest());

        outcome.State.ShouldBe(CallState.Cancelled);
        world.Provider.Requests.Count.ShouldBe(1);
    });

    [Theory, EveryStore]
    public void Store_has_no_room_for_the_cancel_it_is_passed_on_when_there_is(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var (_, newer, there, here) = await TwoDaemonsAsync(world);
        newer.Store.Full.Add("RequestCancelAsync");
        using var cancelled = await newer.Calls.CancelAsync(here.CallId, token: null, CancellationToken.None);
        await world.AfterAsync(10);
        world.Provider.Requests.Single().Cancelled.ShouldBeFalse();
        newer.Store.Full.Clear();

        (await there.Outcome).State.ShouldBe(CallState.Cancelled);
        (await here.Outcome).State.ShouldBe(CallState.Cancelled);
    });

    private static async Task<(TestDaemon Older, TestDaemon Newer, CallAttachment There, CallAttachment Here)> TwoDaemonsAsync(CallWorld world)
    {
        world.Provider = new ScriptedChatClient(world.Time, TimeSpan.FromSeconds(70));
        world.Options = world.Options with { Lease = world.Options.Lease > TimeSpan.FromSeconds(100) ? world.Options.Lease : TimeSpan.FromSeconds(3) };
        var (older, newer) = (world.Start(), world.Start());
        var request = world.Chat("hello");
        var there = older.Calls.StartOrAttach(request);
        await world.AfterAsync(3);
        var here = newer.Calls.StartOrAttach(request);
        await world.AfterAsync(1);
        return (older, newer, there, here);
    }
}
