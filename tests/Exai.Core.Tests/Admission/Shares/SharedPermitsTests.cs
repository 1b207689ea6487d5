using Exai.Core.Admission;

namespace Exai.Core.Tests.Admission.Shares;

/// <summary>Schedulers of several daemons over one board, on virtual time.</summary>
public sealed class SharedPermitsTests
{
    private static readonly AdmissionOptions Four = new() { GlobalLimit = 4, SessionLimit = 100, DefaultProviderLimit = 4, QueueMax = 10_000 };

    [Fact]
    public void First_attempt_asks_the_store_and_those_that_follow_begin_at_once() => World.Run(Four, 2, async world =>
    {
        var left = world.Daemons[0];
        await world.AfterAsync(0.1);
        var asked = world.Board.Exchanges;
        var first = left.Ask();
        first.Runs.ShouldBeFalse();
        await world.AfterAsync(0.01);
        first.End();
        for (var i = 0; i < 50; i++)
        {
            var next = left.Ask();
            next.Runs.ShouldBeTrue();
            next.End();
        }

        await world.AfterAsync(0.1);
        (world.Board.Exchanges - asked).ShouldBeLessThanOrEqualTo(2);
    });

    [Fact]
    public void Idle_daemon_gives_everything_back_after_a_moment_and_asks_nothing_more() => World.Run(Four, 2, async world =>
    {
        var left = world.Daemons[0];
        var attempt = left.Ask();
        await world.AfterAsync(0.1);
        attempt.End();
        world.Board.Held(left.Epoch).ShouldBe(1);
        await world.AfterAsync(3);
        world.Board.Held(left.Epoch).ShouldBe(0);
        var asked = world.Board.Exchanges;
        await world.AfterAsync(600);
        world.Board.Exchanges.ShouldBe(asked);
    });

    [Fact]
    public void Limit_holds_over_all_daemons_and_a_release_in_one_lets_the_other_begin() => World.Run(Four, 2, async world =>
    {
        var (left, right) = (world.Daemons[0], world.Daemons[1]);
        var held = Enumerable.Range(0, 4).Select(_ => left.Ask()).ToList();
        await world.AfterAsync(0.1);
        held.ShouldAllBe(attempt => attempt.Runs);
        var waiting = right.Ask();
        await world.AfterAsync(5);
        waiting.Waits.ShouldBeTrue();
        held[0].End();
        await world.AfterAsync(0.02);
        waiting.Runs.ShouldBeTrue();
    });

    [Fact]
    public void What_is_kept_for_the_next_attempt_is_given_to_who_needs_it_at_once() => World.Run(Four, 2, async world =>
    {
        var (left, right) = (world.Daemons[0], world.Daemons[1]);
        var held = Enumerable.Range(0, 4).Select(_ => left.Ask()).ToList();
        await world.AfterAsync(0.1);
        held.ForEach(attempt => attempt.End());
        var waiting = Enumerable.Range(0, 4).Select(_ => right.Ask()).ToList();
        await world.AfterAsync(0.02);
        waiting.ShouldAllBe(attempt => attempt.Runs);
    });

    [Fact]
    public void Without_news_who_waits_looks_by_itself() => World.Run(Four, 2, async world =>
    {
        world.Board.Said = _ => { };
        var (left, right) = (world.Daemons[0], world.Daemons[1]);
        var held = Enumerable.Range(0, 4).Select(_ => left.Ask()).ToList();
        await world.AfterAsync(0.1);
        var waiting = right.Ask();
        await world.AfterAsync(1);
        held[0].End();
        await world.AfterAsync(0.8);
        waiting.Runs.ShouldBeTrue();
    });

    [Theory]
    [InlineData(4, 2)]
    [InlineData(4, 3)]
    [InlineData(2, 3)]
    [InlineData(1, 4)]
    public void Daemons_that_all_want_more_get_about_the_same(int limit, int daemons) =>
        World.Run(Four with { GlobalLimit = limit }, daemons, async world =>
        {
            var served = await world.ServeAsync(attempts: 200, each: TimeSpan.FromSeconds(1), most: limit);
            served.Sum().ShouldBeGreaterThan(limit * 200 / limit * 9 / 10);
            served.ShouldAllBe(count => count > 200 / daemons * 0.7 && count < 200 / daemons * 1.4, string.Join(' ', served));
        });

    [Fact]
    public void Daemon_that_wants_little_leaves_the_rest_to_the_other() => World.Run(Four, 2, async world =>
    {
        var (left, right) = (world.Daemons[0], world.Daemons[1]);
        _ = left.Ask();
        var many = Enumerable.Range(0, 10).Select(_ => right.Ask()).ToList();
        await world.AfterAsync(1);
        many.Count(attempt => attempt.Runs).ShouldBe(3);
        left.Running.ShouldBe(1);
    });

    [Fact]
    public void Daemon_dies_what_it_held_comes_back_when_its_lease_is_over() => World.Run(Four, 2, async world =>
    {
        var (left, right) = (world.Daemons[0], world.Daemons[1]);
        _ = Enumerable.Range(0, 4).Select(_ => left.Ask()).ToList();
        await world.AfterAsync(0.1);
        var waiting = Enumerable.Range(0, 4).Select(_ => right.Ask()).ToList();
        await world.AfterAsync(1);
        left.Time.IsPaused = true;
        // Its last sign came at most half a second before.
        await world.AfterAsync(0.9);
        waiting.ShouldAllBe(attempt => attempt.Waits);
        await world.AfterAsync(1.3);
        waiting.ShouldAllBe(attempt => attempt.Runs);
    });

    [Fact]
    public void Daemon_that_was_stopped_wakes_up_and_begins_nothing_before_it_has_asked() => World.Run(Four, 2, async world =>
    {
        var (left, right) = (world.Daemons[0], world.Daemons[1]);
        var held = Enumerable.Range(0, 4).Select(_ => left.Ask()).ToList();
        await world.AfterAsync(0.1);
        held.ForEach(attempt => attempt.End());
        left.Time.IsPaused = true;
        var others = Enumerable.Range(0, 4).Select(_ => right.Ask()).ToList();
        await world.AfterAsync(5);
        others.ShouldAllBe(attempt => attempt.Runs);

        // Before any of its timers has fired.
        var late = left.Ask();
        late.Runs.ShouldBeFalse();
        left.Time.IsPaused = false;
        await world.AfterAsync(1);
        late.Waits.ShouldBeTrue();
        others[0].End();
        await world.AfterAsync(0.1);
        late.Runs.ShouldBeTrue();
    });

    [Fact]
    public void Daemon_that_was_stopped_wakes_up_with_attempts_under_way_whose_permits_others_have_and_begins_no_more_in_their_place() => World.Run(Four, 2, async world =>
    {
        var (left, right) = (world.Daemons[0], world.Daemons[1]);
        var held = Enumerable.Range(0, 4).Select(_ => left.Ask()).ToList();
        var waiting = Enumerable.Range(0, 4).Select(_ => left.Ask()).ToList();
        await world.AfterAsync(0.1);
        left.Time.IsPaused = true;
        var others = Enumerable.Range(0, 8).Select(_ => right.Ask()).ToList();
        await world.AfterAsync(5);
        right.Running.ShouldBe(4);

        left.Time.IsPaused = false;
        foreach (var attempt in held)
        {
            await world.AfterAsync(0.3);
            attempt.End();
            waiting.Count(attempt => attempt.Runs).ShouldBe(0);
        }

        // What the other gives back is shared out again.
        others.Where(attempt => attempt.Runs).Take(2).ToList().ForEach(attempt => attempt.End());
        await world.AfterAsync(0.3);
        (left.Running, right.Running).ShouldBe((2, 2));
    });

    [Fact]
    public void Daemon_wakes_up_with_attempts_under_way_the_other_hears_at_once_that_it_may_begin_no_more() => World.Run(Four, 2, async world =>
    {
        var (left, right) = (world.Daemons[0], world.Daemons[1]);
        _ = Enumerable.Range(0, 4).Select(_ => left.Ask()).ToList();
        await world.AfterAsync(0.1);
        left.Time.IsPaused = true;
        var others = Enumerable.Range(0, 8).Select(_ => right.Ask()).ToList();
        await world.AfterAsync(5);
        var running = others.FindAll(attempt => attempt.Runs);
        running.Count.ShouldBe(4);
        // It has just renewed, and would not look again for half a second.
        for (var renewals = world.Board.Renewals[right.Epoch]; world.Board.Renewals[right.Epoch] == renewals;)
        {
            await world.AfterAsync(0.01);
        }

        left.Time.IsPaused = false;
        await world.AfterAsync(0.05);
        running.ForEach(attempt => attempt.End());
        await world.AfterAsync(0.01);
        right.Running.ShouldBe(0);
    });

    [Fact]
    public void What_was_held_beyond_the_limit_has_ended_everywhere_who_waits_begins_soon() => World.Run(Four, 2, async world =>
    {
        var (left, right) = (world.Daemons[0], world.Daemons[1]);
        var held = Enumerable.Range(0, 4).Select(_ => left.Ask()).ToList();
        await world.AfterAsync(0.1);
        left.Time.IsPaused = true;
        var others = Enumerable.Range(0, 4).Select(_ => right.Ask()).ToList();
        await world.AfterAsync(5);
        left.Time.IsPaused = false;
        // Just renewed: the next renewal is half a second away.
        await world.AfterAsync(0.51);

        held.ForEach(attempt => attempt.End());
        var late = Enumerable.Range(0, 2).Select(_ => left.Ask()).ToList();
        late.Count(attempt => attempt.Runs).ShouldBe(0);
        others.ForEach(attempt => attempt.End());
        await world.AfterAsync(0.3);
        late.Count(attempt => attempt.Runs).ShouldBe(2);
    });

    [Fact]
    public void Store_is_lost_the_daemon_goes_on_while_nobody_can_have_taken_its_share_and_then_begins_nothing() => World.Run(Four, 2, async world =>
    {
        var left = world.Daemons[0];
        var running = left.Ask();
        await world.AfterAsync(0.1);
        left.Store.IsAway = true;
        running.End();
        var next = left.Ask();
        next.Runs.ShouldBeTrue();
        await world.AfterAsync(1.1);
        next.End();
        var late = left.Ask();
        await world.AfterAsync(60);
        late.Waits.ShouldBeTrue();
        left.Store.IsAway = false;
        await world.AfterAsync(0.5);
        late.Runs.ShouldBeTrue();
    });

    [Fact]
    public void Daemon_ends_it_leaves_nothing_behind() => World.Run(Four, 2, async world =>
    {
        var left = world.Daemons[0];
        var attempt = left.Ask();
        await world.AfterAsync(0.1);
        attempt.End();
        world.Daemons.Remove(left);
        await left.DisposeAsync();
        world.Board.Held(left.Epoch).ShouldBe(0);
    });

    /// <summary>With permits of one kind held by the one and of the other by the other, both would wait for ever.</summary>
    [Fact]
    public void Two_limits_that_both_need_are_taken_together() =>
        World.Run(Four with { GlobalLimit = 1, DefaultProviderLimit = 1 }, 2, async world =>
        {
            var served = await world.ServeAsync(attempts: 40, each: TimeSpan.FromSeconds(0.3), most: 1, models: ["glm/one", "kimi/two", "glm/three"]);
            served.ShouldAllBe(count => count > 10);
        });

    [Fact]
    public void Limits_that_differ_the_lowest_holds() => World.Run(Four, 1, async world =>
    {
        var narrow = world.Add(Four with { GlobalLimit = 2 });
        _ = narrow.Ask();
        await world.AfterAsync(0.1);
        var many = Enumerable.Range(0, 5).Select(_ => world.Daemons[0].Ask()).ToList();
        await world.AfterAsync(1);
        many.Count(attempt => attempt.Runs).ShouldBe(1);
    });

    [Fact]
    public void Refusal_in_one_daemon_lowers_the_limit_in_all_and_counts_what_the_others_run() => World.Run(Four with { GlobalLimit = 8, DefaultProviderLimit = 6 }, 2, async world =>
    {
        var (left, right) = (world.Daemons[0], world.Daemons[1]);
        var one = left.Ask();
        await world.AfterAsync(0.1);
        var many = Enumerable.Range(0, 5).Select(_ => right.Ask()).ToList();
        await world.AfterAsync(1);
        many.ShouldAllBe(attempt => attempt.Runs);

        one.End(ProviderSignal.Refused);
        await world.AfterAsync(1);

        // Six at once were too many, though only one of them ran here.
        foreach (var daemon in world.Daemons)
        {
            daemon.Permits.Snapshot().Providers.Single().Models.Single().LearnedLimit.ShouldBe(4);
        }

        many.ForEach(attempt => attempt.End());
        many = [.. Enumerable.Range(0, 10).Select(_ => right.Ask())];
        await world.AfterAsync(1);
        many.Count(attempt => attempt.Runs).ShouldBe(4);
    });

    [Fact]
    public void Daemon_that_starts_knows_what_others_have_learned() => World.Run(Four, 1, async world =>
    {
        var held = Enumerable.Range(0, 3).Select(_ => world.Daemons[0].Ask()).ToList();
        await world.AfterAsync(0.1);
        held[0].End(ProviderSignal.Refused);
        await world.AfterAsync(1);
        var late = world.Add(Four);
        await world.AfterAsync(0.1);
        late.Permits.Snapshot().Providers.Single().Models.Single().LearnedLimit.ShouldBe(2);
    });
}
