using Exai.Core.Admission;
using Exai.Protocol;

namespace Exai.Core.Tests.Admission;

public sealed class PermitSchedulerTests
{
    private static readonly AdmissionOptions Wide = new() { GlobalLimit = 100, SessionLimit = 100, DefaultProviderLimit = 100 };

    [Theory]
    [InlineData(3, 100, 100, 3)]
    [InlineData(100, 2, 100, 2)]
    [InlineData(100, 100, 4, 4)]
    public void Burst_of_ten_times_the_limit_never_runs_more_than_the_limit(int global, int session, int provider, int expected)
    {
        using var world = new AdmissionWorld(new() { GlobalLimit = global, SessionLimit = session, DefaultProviderLimit = provider });
        var attempts = Enumerable.Range(0, 10 * expected).Select(_ => world.Ask("a")).ToList();
        for (var left = attempts.Count; left > 0; left--)
        {
            var running = attempts.Where(attempt => attempt.Runs).ToList();
            running.Count.ShouldBe(Math.Min(expected, left));
            world.Global.Held.ShouldBe(running.Count);
            running[0].End();
            attempts.Remove(running[0]);
        }

        world.Global.ShouldBe(new ScopeSnapshot("global", 0, global, 0));
    }

    /// <summary>Trap 62: who finds everything taken waits; nobody is refused for it.</summary>
    [Fact]
    public void Waiter_gets_the_permit_as_soon_as_it_is_free()
    {
        using var world = new AdmissionWorld(Wide with { GlobalLimit = 1 });
        var first = world.Ask("a");
        var second = world.Ask("a");
        world.After(4);
        second.Waits.ShouldBeTrue();
        first.End();
        second.Held.Waited.ShouldBe(TimeSpan.FromSeconds(4));
    }

    /// <summary>Trap 64.</summary>
    [Fact]
    public void Waiter_that_is_cancelled_leaves_the_queue_and_is_never_granted()
    {
        using var world = new AdmissionWorld(Wide with { GlobalLimit = 1 });
        var first = world.Ask("a");
        var second = world.Ask("a");
        second.Token.Cancel();
        second.Permit.IsCanceled.ShouldBeTrue();
        first.End();
        world.Global.ShouldBe(new ScopeSnapshot("global", 0, 1, 0));
    }

    [Fact]
    public void Token_that_has_fired_gets_no_permit()
    {
        using var world = new AdmissionWorld(Wide);
        var request = new PermitRequest { CallId = "c", SessionId = "a", Provider = "glm", Model = "m" };
        world.Permits.AcquireAsync(request, new CancellationToken(canceled: true)).AsTask().IsCanceled.ShouldBeTrue();
        world.Global.Held.ShouldBe(0);
    }

    /// <summary>Trap 15.</summary>
    [Fact]
    public void Queue_clock_ends_the_wait_with_place_and_waiting_time()
    {
        using var world = new AdmissionWorld(Wide with { DefaultProviderLimit = 1, QueueTimeout = TimeSpan.FromSeconds(30) });
        var running = world.Ask("a");
        world.After(1);
        var second = world.Ask("a");
        var third = world.Ask("a");
        world.After(29.9);
        third.Waits.ShouldBeTrue();
        world.After(0.1);

        var error = third.Permit.Exception!.InnerException.ShouldBeOfType<CallException>().Error;
        error.Code.ShouldBe(ErrorCodes.Timeout);
        error.Clock.ShouldBe(Clocks.Queue);
        error.Provider.ShouldBe("glm");
        error.Message.ShouldContain("after 30 s");
        error.Message.ShouldContain("place 1 of 1");
        second.Permit.Exception!.InnerException!.Message.ShouldContain("place 1 of 2");
        running.Runs.ShouldBeTrue();
        world.Global.Queued.ShouldBe(0);
    }

    /// <summary>A session that waits for one provider holds nothing that another could use.</summary>
    [Fact]
    public void Waiting_for_one_provider_leaves_the_other_free()
    {
        using var world = new AdmissionWorld(Wide with { DefaultProviderLimit = 1, SessionLimit = 2 });
        world.Ask("b", "glm");
        world.Ask("a", "glm").Waits.ShouldBeTrue();
        world.Ask("a", "kimi").Runs.ShouldBeTrue();
        world.Ask("c", "third").Runs.ShouldBeTrue();
    }

    /// <summary>Trap 65: the turn goes to whoever has waited without one, however many others the first session has queued.</summary>
    [Fact]
    public void Session_with_fifty_queued_lets_another_in_after_one_turn()
    {
        using var world = new AdmissionWorld(Wide with { DefaultProviderLimit = 1 });
        var running = world.Ask("a");
        var queued = Enumerable.Range(0, 50).Select(_ => world.Ask("a")).ToList();
        var other = world.Ask("b");
        running.End();
        queued[0].Runs.ShouldBeTrue();
        queued[0].End();
        other.Runs.ShouldBeTrue();
        other.End();
        queued[1].Runs.ShouldBeTrue();
    }

    [Fact]
    public void Sessions_at_one_provider_take_turns()
    {
        using var world = new AdmissionWorld(Wide with { DefaultProviderLimit = 1 });
        world.Order("a", "a", "a", "a", "b", "b", "c", "c").ShouldBe("a a b c a b c a");
    }

    /// <summary>The daemon's permit is what they all wait for, so its turns count, whatever providers they ask.</summary>
    [Fact]
    public void Sessions_at_different_providers_take_turns_for_the_daemons_permit()
    {
        using var world = new AdmissionWorld(Wide with { GlobalLimit = 1 });
        world.Order("x", "x:p", "x:q", "x:p", "x:q", "y:p", "y:p", "y:p", "z:q", "z:q", "z:q").ShouldBe("x x y z x y z x y z x");
    }

    /// <summary>What a session gets at one provider does not cost it its turn at another, when that is what is scarce.</summary>
    [Fact]
    public void Session_that_is_served_at_one_provider_keeps_its_turn_at_another()
    {
        using var world = new AdmissionWorld(Wide with { DefaultProviderLimit = 1 });
        var (first, a) = (world.Ask("a", "glm"), Enumerable.Range(0, 6).Select(_ => world.Ask("a", "glm")).ToList());
        var b = Enumerable.Range(0, 6).Select(_ => world.Ask("b", "glm")).ToList();
        var kimi = world.Ask("b", "kimi");
        var turns = "";
        first.End();
        for (var turn = 0; turn < 6; turn++)
        {
            kimi.End();
            kimi = world.Ask("b", "kimi");
            var running = a.Concat(b).Single(attempt => attempt.Runs && world.Attempts.IsAlive(attempt.Alive.Owner));
            turns += running.Request.SessionId;
            running.End();
        }

        turns.ShouldBe("ababab");
    }

    [Fact]
    public void Interactive_attempt_goes_before_a_background_one_of_its_session()
    {
        using var world = new AdmissionWorld(Wide with { GlobalLimit = 1 });
        var running = world.Ask("a");
        var background = world.Ask("a", priority: AttemptPriority.Background);
        var interactive = world.Ask("a");
        running.End();
        interactive.Runs.ShouldBeTrue();
        background.Waits.ShouldBeTrue();
    }

    /// <summary>Trap 65: a low priority is not starved.</summary>
    [Fact]
    public void Background_attempt_that_has_waited_for_the_threshold_goes_before_younger_ones()
    {
        using var world = new AdmissionWorld(Wide with { GlobalLimit = 1, Aging = TimeSpan.FromMilliseconds(500) });
        var running = world.Ask("a");
        var background = world.Ask("a", priority: AttemptPriority.Background);
        world.After(0.4);
        var interactive = world.Ask("a");
        world.After(0.1);
        running.End();
        background.Runs.ShouldBeTrue();
        interactive.Waits.ShouldBeTrue();
    }

    /// <summary>Invariant 7.</summary>
    [Theory]
    [InlineData(3, 100)]
    [InlineData(100, 3)]
    public void Session_that_is_not_alone_is_not_granted_all_permits(int global, int provider)
    {
        using var world = new AdmissionWorld(Wide with { GlobalLimit = global, DefaultProviderLimit = provider });
        world.Permits.SessionConnected("a");
        world.Permits.SessionConnected("b");
        var a = Enumerable.Range(0, 3).Select(_ => world.Ask("a")).ToList();
        a.Count(attempt => attempt.Runs).ShouldBe(2);
        world.Ask("b").Runs.ShouldBeTrue();
        world.Permits.SessionLeft("b");
        world.Global.Held.ShouldBe(3);
        world.Ask("b").Waits.ShouldBeTrue();
    }

    [Fact]
    public void Last_permit_is_granted_when_the_other_session_has_left()
    {
        using var world = new AdmissionWorld(Wide with { DefaultProviderLimit = 2 });
        world.Permits.SessionConnected("a");
        world.Permits.SessionConnected("b");
        world.Permits.SessionConnected("b");
        world.Ask("a").Runs.ShouldBeTrue();
        var second = world.Ask("a");
        world.Permits.SessionLeft("b");
        second.Waits.ShouldBeTrue("a link of b is still open");
        world.Permits.SessionLeft("b");
        second.Runs.ShouldBeTrue();
    }

    [Fact]
    public void Scope_of_one_permit_is_granted_to_whoever_comes()
    {
        using var world = new AdmissionWorld(Wide with { DefaultProviderLimit = 1 });
        world.Permits.SessionConnected("a");
        world.Permits.SessionConnected("b");
        world.Ask("a").Runs.ShouldBeTrue();
    }

    /// <summary>Trap 58: nothing gives back a permit that it does not hold.</summary>
    [Fact]
    public void Permit_given_back_twice_is_given_back_once()
    {
        using var world = new AdmissionWorld(Wide with { GlobalLimit = 2 });
        var first = world.Ask("a");
        world.Ask("a");
        first.Held.Dispose();
        first.Held.Dispose();
        world.Global.Held.ShouldBe(1);
    }

    [Fact]
    public void Session_that_is_gone_leaves_nothing_behind()
    {
        using var world = new AdmissionWorld(Wide);
        world.Permits.SessionConnected("a");
        var attempt = world.Ask("a");
        world.Permits.SessionLeft("a");
        attempt.End();
        world.Permits.Snapshot().Sessions.ShouldBeEmpty();
    }
}
