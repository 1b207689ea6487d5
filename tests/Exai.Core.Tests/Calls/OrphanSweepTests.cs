using Exai.Core.Calls;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Calls;

public sealed class OrphanSweepTests
{
    [Theory, EveryStore]
    public void Call_of_a_dead_daemon_that_nobody_asks_for_is_taken_over_once(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var dying = world.Start();
        var request = world.Chat("hello");
        dying.Calls.StartOrAttach(request).Dispose();
        await world.AfterAsync(4);
        var (left, right) = (world.Start(), world.Start());
        await using var sweeps = new Sweeps(world, left, right);
        await world.AfterAsync(3);
        (left.Calls.Running + right.Calls.Running).ShouldBe(0, "its owner lives");

        await dying.KillAsync();
        await world.AfterAsync(60);

        var call = (await left.FindAsync(request.CallId))!;
        (call.State, call.Runs).ShouldBe((CallState.Succeeded, 2));
        world.Provider.Requests.Count.ShouldBe(2, "one by the dead daemon, one by whoever took it over");
        (await right.AskAsync(request)).Text.ShouldStartWith("answer to (hello)");
    });

    /// <summary>The owner stands still for longer than its lease and then wakes up in the middle of its call.</summary>
    [Theory, EveryStore]
    public void Paused_owner_that_wakes_up_writes_nothing(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var paused = world.Start();
        var request = world.Chat("hello");
        var waiting = paused.Calls.StartOrAttach(request);
        await world.AfterAsync(4);
        world.Dead.Add(paused.Epoch);
        var taker = world.Start();
        await using var sweeps = new Sweeps(world, taker);
        await world.AfterAsync(2);
        world.Dead.Remove(paused.Epoch);

        var seen = await waiting.Outcome;

        var call = (await taker.FindAsync(request.CallId))!;
        (call.Runs, call.Owner.Epoch, call.State).ShouldBe((2, taker.Epoch, CallState.Succeeded));
        seen.Text.ShouldBe(call.Outcome!.Text, "the client of the paused one gets the answer that counts");
    });

    /// <summary>Others use its permits by then, so that what it has begun counts for nobody at the provider.</summary>
    [Theory, EveryStore]
    public void Paused_owner_that_wakes_up_leaves_the_provider(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Options = world.Options with { Lease = TimeSpan.FromSeconds(3) };
        var paused = world.Start();
        var request = world.Chat("hello");
        var waiting = paused.Calls.StartOrAttach(request);
        await world.AfterAsync(4);
        world.Provider.Requests.Single().Cancelled.ShouldBeFalse();
        world.Dead.Add(paused.Epoch);
        var taker = world.Start();
        await using var sweeps = new Sweeps(world, taker);

        await world.AfterAsync(2);

        world.Provider.Requests.Count.ShouldBe(2);
        world.Provider.Requests[0].Cancelled.ShouldBeTrue("its run is another daemon's by now");
        world.Provider.Requests[1].Cancelled.ShouldBeFalse();
        paused.Calls.Running.ShouldBe(0);
        var seen = await waiting.Outcome;
        (seen.Receipt.Runs, seen.State).ShouldBe((2, CallState.Succeeded));
        world.Provider.Requests.Count.ShouldBe(2);
    });

    [Theory, EveryStore]
    public void Sweep_that_was_stopped_takes_nothing_over(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var dying = world.Start();
        dying.Calls.StartOrAttach(world.Chat("hello")).Dispose();
        await world.AfterAsync(4);
        var draining = world.Start();
        await using var sweeps = new Sweeps(world, draining);
        sweeps.Stop();

        await dying.KillAsync();
        await world.AfterAsync(60);

        world.Provider.Requests.Count.ShouldBe(1);
    });

    /// <summary>A sweep of each daemon.</summary>
    private sealed class Sweeps(CallWorld world, params TestDaemon[] daemons) : IAsyncDisposable
    {
        private readonly List<OrphanSweep> _sweeps = [.. daemons.Select(daemon => new OrphanSweep(
            daemon.Store, daemon.Calls, new CallOwner(daemon.Epoch, "process-" + daemon.Epoch), new Liveness(world), TimeSpan.FromSeconds(1.5), world.Time, world.Log))];

        public void Stop() => _sweeps.ForEach(sweep => sweep.Stop());

        public async ValueTask DisposeAsync()
        {
            foreach (var sweep in _sweeps)
            {
                await sweep.DisposeAsync();
            }
        }
    }

    private sealed class Liveness(CallWorld world) : IOwnerLiveness
    {
        public bool IsAlive(CallOwner owner, DateTimeOffset leaseUntil) => !world.Dead.Contains(owner.Epoch);
    }
}
