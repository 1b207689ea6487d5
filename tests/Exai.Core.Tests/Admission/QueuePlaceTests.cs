using Exai.Core.Admission;
using Exai.Protocol;

namespace Exai.Core.Tests.Admission;

public sealed class QueuePlaceTests
{
    private static readonly AdmissionOptions Small = new() { GlobalLimit = 1, SessionLimit = 1, DefaultProviderLimit = 1, QueueMax = 4 };

    /// <summary>Trap 63.</summary>
    [Fact]
    public void Call_beyond_its_sessions_share_is_refused_with_the_limit_the_queue_and_when_to_come_back()
    {
        using var world = new AdmissionWorld(Small);
        world.Permits.SessionConnected("b");
        var first = world.Ask("a");
        world.After(6);
        first.End();
        world.Ask("a");
        world.Permits.Reserve("c1", "a");
        world.Ask("a", call: "c1");
        world.Permits.Reserve("c2", "a");

        var error = Should.Throw<CallException>(() => world.Permits.Reserve("c3", "a")).Error;

        error.Code.ShouldBe(ErrorCodes.OverCapacity);
        error.RetryAfterSecs.ShouldBe(6, "one place is free when the next of those that wait has had its turn");
        error.Message.ShouldContain("2 of its calls wait, 1 run");
        error.Message.ShouldContain("its share is 2 (EXAI_QUEUE_MAX=4 over 2 sessions)");
        world.Permits.Counters.OverCapacity.ShouldBe(1);
        world.Permits.Reserve("c4", "b").ShouldNotBeNull("the other session has its own share");
    }

    [Fact]
    public void Session_that_is_alone_may_use_the_whole_queue()
    {
        using var world = new AdmissionWorld(Small);
        for (var call = 0; call < 5; call++)
        {
            // One can run at once; four wait.
            world.Permits.Reserve($"c{call}", "a");
            world.Ask("a", call: $"c{call}");
        }

        Should.Throw<CallException>(() => world.Permits.Reserve("c5", "a"));
    }

    [Fact]
    public void Later_attempt_of_an_accepted_call_is_never_refused()
    {
        using var world = new AdmissionWorld(Small with { QueueMax = 1 });
        world.Ask("a");
        world.Ask("a").Waits.ShouldBeTrue();
        Should.Throw<CallException>(() => world.Permits.Reserve("c", "a"));
        world.Ask("a", call: "accepted earlier").Waits.ShouldBeTrue();
    }

    [Fact]
    public void Place_is_used_up_by_the_calls_first_attempt_and_free_again_when_that_runs()
    {
        using var world = new AdmissionWorld(Small with { QueueMax = 1 });
        var running = world.Ask("a");
        var place = world.Permits.Reserve("c", "a");
        var waiting = world.Ask("a", call: "c");
        world.Permits.Snapshot().Sessions.Single().ShouldBe(new SessionSnapshot("a", 0, Held: 1, 1, Queued: 1, Reserved: 0, QueueShare: 1));
        running.End();
        waiting.Runs.ShouldBeTrue();
        place.Dispose();
        world.Permits.Reserve("d", "a").ShouldNotBeNull();
        world.Permits.Snapshot().Sessions.Single().Reserved.ShouldBe(1);
    }

    [Fact]
    public void Place_of_a_call_that_never_asked_is_free_again_when_it_ends()
    {
        using var world = new AdmissionWorld(Small with { QueueMax = 1 });
        world.Ask("b");
        var place = world.Permits.Reserve("c", "a");
        Should.Throw<CallException>(() => world.Permits.Reserve("d", "a"));
        place.Dispose();
        place.Dispose();
        world.Permits.Reserve("d", "a").Dispose();
        world.Permits.Snapshot().Sessions.ShouldNotContain(session => session.Id == "a");
    }

    /// <summary>Sent again while its first self still has the place: each gives back its own and no other.</summary>
    [Fact]
    public void Places_of_the_same_call_id_do_not_free_each_other()
    {
        using var world = new AdmissionWorld(Small);
        world.Ask("b");
        var first = world.Permits.Reserve("c", "a");
        var second = world.Permits.Reserve("c", "a");
        first.Dispose();
        second.Dispose();
        world.Permits.Snapshot().Sessions.ShouldNotContain(session => session.Id == "a");
    }

    [Fact]
    public void Place_that_is_given_up_late_takes_nothing_from_the_sessions_later_self()
    {
        using var world = new AdmissionWorld(Small with { GlobalLimit = 2 });
        var place = world.Permits.Reserve("c", "a");
        world.Ask("a", call: "c").End();
        world.Ask("a");
        place.Dispose();
        world.Permits.Snapshot().Sessions.Single().Held.ShouldBe(1);
        world.Ask("a").Waits.ShouldBeTrue("one runs, and the session may run one");
    }

    [Fact]
    public void Waiter_is_told_its_place_and_an_estimate_at_once_and_when_it_changes()
    {
        using var world = new AdmissionWorld(Small with { SessionLimit = 10, ReportInterval = TimeSpan.FromSeconds(0.5) });
        var first = world.Ask("a");
        world.After(10);
        first.End();
        var running = world.Ask("a");
        var next = world.Ask("a");
        world.Ask("b");
        var told = new List<QueuePlace>();
        var waiter = world.Ask("a", queued: told.Add);
        told.ShouldBe([new QueuePlace(3, TimeSpan.FromSeconds(30))]);

        running.End();
        world.After(0.4);
        told.Count.ShouldBe(1, "places change often; they are told of once in a while");
        world.After(0.1);
        told[1].Place.ShouldBe(2);
        next.End();
        world.After(1);
        told.Select(place => place.Place).ShouldBe([3, 2, 1]);
        waiter.Token.Cancel();
        world.After(60);
        told.Count.ShouldBe(3);
    }

    [Fact]
    public void Listener_that_throws_is_logged_and_harms_nobody()
    {
        using var world = new AdmissionWorld(Small);
        var running = world.Ask("a");
        var waiter = world.Ask("b", queued: _ => throw new InvalidOperationException("listener"));
        running.End();
        waiter.Runs.ShouldBeTrue();
        world.Log.Errors.ShouldHaveSingleItem().ShouldContain("listener");
    }

    /// <summary>The end comes while the place is being told: it is told afterwards, and no place after it.</summary>
    [Fact]
    public void Listener_that_cancels_its_own_wait_is_told_nothing_more()
    {
        using var world = new AdmissionWorld(Small);
        var running = world.Ask("a");
        TestAttempt? waiter = null;
        var told = 0;
        waiter = world.Ask("b", queued: _ =>
        {
            told++;
            waiter?.Token.Cancel();
            waiter?.Permit.IsCompleted.ShouldBeFalse();
        });
        world.Ask("a");
        running.End();
        world.After(10);
        told.ShouldBeLessThanOrEqualTo(2);
        (waiter.Runs || waiter.Permit.IsCanceled).ShouldBeTrue();
    }
}
