using Exai.Core.Calls;
using Exai.Core.Storage;
using Exai.Core.Storage.Sql;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Storage;

public sealed class CallStoreTests : IAsyncDisposable
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);

    private readonly VirtualTime _time = new();
    private TempDatabase _file = null!;
    private IDatabase _database = null!;
    private SqlCallStore _store = null!;

    [Theory, EveryStore]
    public async Task AcceptAsync_unknown_call_is_journaled_as_it_came(StoreEngine store)
    {
        Open(store);
        var (call, accepted) = await AcceptAsync("c1");

        accepted.ShouldBeTrue();
        call.ShouldBe(await _store.FindAsync("c1", Cancel));
        call.State.ShouldBe(CallState.Running);
        call.Runs.ShouldBe(1);
        call.Owner.ShouldBe(Sample.Owner);
        call.ClientName.ShouldBe("test");
        call.ArgumentsJson.ShouldBe("""{"prompt":"hello"}""");
        call.AcceptedAt.ShouldBe(_time.GetUtcNow());
        call.LeaseUntil.ShouldBe(_time.GetUtcNow() + Lease);
        call.Spent.ShouldBe(TimeSpan.Zero);
        call.ContinuesThread.ShouldBeFalse();
        call.Outcome.ShouldBeNull();
    }

    [Theory, EveryStore]
    public async Task AcceptAsync_known_call_returns_the_one_that_is_there(StoreEngine store)
    {
        Open(store);
        var (first, _) = await AcceptAsync("c1");

        var (second, accepted) = await _store.AcceptAsync(Sample.Call("c1", hash: "other"), Sample.OtherOwner, Cancel);

        accepted.ShouldBeFalse();
        second.ShouldBe(first);
    }

    [Theory, EveryStore]
    public async Task AcceptAsync_same_call_from_many_at_once_accepts_one(StoreEngine store)
    {
        Open(store);
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            _store.AcceptAsync(Sample.Call("c1"), new CallOwner($"epoch-{i}", "p"), Cancel).AsTask()));

        results.Count(result => result.Accepted).ShouldBe(1);
        results.Select(result => result.Record.Owner).Distinct().Count().ShouldBe(1);
    }

    [Theory, EveryStore]
    public async Task TakeOverAsync_two_try_one_gets_it(StoreEngine store)
    {
        Open(store);
        var (seen, _) = await AcceptAsync("c1");

        var winner = await _store.TakeOverAsync(seen, Sample.OtherOwner, Cancel);
        var loser = await _store.TakeOverAsync(seen, new CallOwner("epoch-c", "process-c"), Cancel);

        winner.ShouldNotBeNull();
        winner.Runs.ShouldBe(2);
        winner.Owner.ShouldBe(Sample.OtherOwner);
        loser.ShouldBeNull();
    }

    [Theory, EveryStore]
    public async Task TakeOverAsync_charges_the_dead_run_up_to_its_last_sign_of_life(StoreEngine store)
    {
        Open(store);
        var (seen, _) = await AcceptAsync("c1");
        _time.Advance(TimeSpan.FromSeconds(10));
        await _store.RenewLeasesAsync(Sample.Owner, Cancel);
        _time.Advance(TimeSpan.FromHours(1));

        (await _store.TakeOverAsync(seen, Sample.OtherOwner, Cancel)).ShouldBeNull("its owner has renewed the lease since it was looked at");
        var second = await _store.TakeOverAsync((await _store.FindAsync("c1", Cancel))!, Sample.OtherOwner, Cancel);

        second.ShouldNotBeNull().Spent.ShouldBe(TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(5));
        await _store.RenewLeasesAsync(Sample.OtherOwner, Cancel);
        var third = await _store.TakeOverAsync((await _store.FindAsync("c1", Cancel))!, Sample.Owner, Cancel);
        third.ShouldNotBeNull().Spent.ShouldBe(TimeSpan.FromSeconds(15));
    }

    /// <summary>The wall clock of a host is set back while it runs calls.</summary>
    [Theory, EveryStore]
    public async Task RenewLeasesAsync_the_wall_clock_was_set_back_the_owner_still_shows_that_it_lives(StoreEngine store)
    {
        Open(store);
        var clock = new SteppingClock(_time);
        var owner = new SqlCallStore(_database, Lease, clock);
        var (seen, _) = await owner.AcceptAsync(Sample.Call("c1"), Sample.Owner, Cancel);
        clock.Step = TimeSpan.FromHours(-1);
        _time.Advance(TimeSpan.FromSeconds(1));

        await owner.RenewLeasesAsync(Sample.Owner, Cancel);

        var renewed = (await _store.FindAsync("c1", Cancel))!;
        (renewed.LeaseUntil - seen.LeaseUntil).ShouldBe(TimeSpan.FromSeconds(1));
        (await _store.TakeOverAsync(renewed, Sample.OtherOwner, Cancel))!.Spent.ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Theory, EveryStore]
    public async Task RenewLeasesAsync_says_which_runs_are_still_the_owners(StoreEngine store)
    {
        Open(store);
        var (kept, _) = await AcceptAsync("c1");
        var (taken, _) = await AcceptAsync("c2");
        var (finished, _) = await AcceptAsync("c3");
        await _store.TakeOverAsync(taken, Sample.OtherOwner, Cancel);
        await _store.FinishAsync(finished, Sample.Outcome(finished), null, Cancel);

        (await _store.RenewLeasesAsync(Sample.Owner, Cancel)).ShouldBe(new Dictionary<string, int> { [kept.CallId] = 1 });
        (await _store.RenewLeasesAsync(Sample.OtherOwner, Cancel)).ShouldBe(new Dictionary<string, int> { [taken.CallId] = 2 });
    }

    [Theory, EveryStore]
    public async Task FindOwnersElsewhereAsync_tells_each_other_owner_of_unfinished_calls_once_with_its_latest_lease(StoreEngine store)
    {
        Open(store);
        await AcceptAsync("mine");
        await AcceptAsync("theirs1", Sample.OtherOwner);
        _time.Advance(TimeSpan.FromSeconds(1));
        await AcceptAsync("theirs2", Sample.OtherOwner);
        var gone = await AcceptAsync("done", new CallOwner("epoch-gone", "p"));
        await _store.FinishAsync(gone, Sample.Outcome(gone), null, Cancel);

        (await _store.FindOwnersElsewhereAsync(Sample.Owner, Cancel)).ShouldBe([new OwnerLease(Sample.OtherOwner, _time.GetUtcNow() + Lease)]);
        (await _store.FindOwnedAsync(Sample.OtherOwner, Cancel)).Select(call => call.CallId).ShouldBe(["theirs1", "theirs2"]);

        async Task<CallRecord> AcceptAsync(string callId, CallOwner? owner = null) =>
            (await _store.AcceptAsync(Sample.Call(callId), owner ?? Sample.Owner, Cancel)).Record;
    }

    [Theory, EveryStore]
    public async Task FinishAsync_first_outcome_stays(StoreEngine store)
    {
        Open(store);
        var (call, _) = await AcceptAsync("c1");

        (await _store.FinishAsync(call, Sample.Outcome(call, "first"), null, Cancel)).ShouldBeTrue();
        (await _store.FinishAsync(call, Sample.Outcome(call, "second"), null, Cancel)).ShouldBeFalse();
        (await _store.TakeOverAsync(call, Sample.OtherOwner, Cancel)).ShouldBeNull();

        (await _store.FindAsync("c1", Cancel))!.Outcome!.Text.ShouldBe("first");
    }

    /// <summary>Invariant 5: a run that lost its ownership writes nothing.</summary>
    [Theory, EveryStore]
    public async Task FinishAsync_and_SaveStepAsync_by_a_run_that_was_taken_over_change_nothing(StoreEngine store)
    {
        Open(store);
        var (old, _) = await AcceptAsync("c1");
        var current = (await _store.TakeOverAsync(old, Sample.OtherOwner, Cancel))!;

        (await _store.SaveStepAsync(old, new ModelAnswerStep("answer", "{}"), Cancel)).ShouldBeFalse();
        (await _store.FinishAsync(old, Sample.Outcome(old, "stale"), Sample.Turn(old), Cancel)).ShouldBeFalse();

        (await _store.FindStepsAsync("c1", Cancel)).ShouldBeEmpty();
        (await new SqlThreadStore(_database).FindAsync(old.ThreadId, Cancel)).ShouldBeNull();
        (await _store.FinishAsync(current, Sample.Outcome(current, "current"), null, Cancel)).ShouldBeTrue();
        (await _store.FindAsync("c1", Cancel))!.Outcome!.Text.ShouldBe("current");
    }

    /// <summary>One daemon may take a call over from itself; the run's number tells its runs apart.</summary>
    [Theory, EveryStore]
    public async Task FinishAsync_by_an_earlier_run_of_the_same_owner_changes_nothing(StoreEngine store)
    {
        Open(store);
        var (old, _) = await AcceptAsync("c1");
        await _store.TakeOverAsync(old, Sample.Owner, Cancel);

        (await _store.FinishAsync(old, Sample.Outcome(old), null, Cancel)).ShouldBeFalse();
        (await _store.SaveStepAsync(old, new ModelAnswerStep("answer", "{}"), Cancel)).ShouldBeFalse();
    }

    [Theory, EveryStore]
    public async Task FinishAsync_turn_and_outcome_stand_or_fall_together(StoreEngine store)
    {
        Open(store);
        var (first, _) = await AcceptAsync("c1");
        await _store.FinishAsync(first, Sample.Outcome(first), Sample.Turn(first), Cancel);
        var (second, _) = await AcceptAsync("c2", first.ThreadId);

        // The same call's turn once more: the thread refuses it, so the outcome must not be there either.
        await Should.ThrowAsync<Exai.Core.Storage.StoreException>(async () => await _store.FinishAsync(second, Sample.Outcome(second), Sample.Turn(first), Cancel));

        (await _store.FindAsync("c2", Cancel))!.IsFinished.ShouldBeFalse();
        (await _store.FinishAsync(second, Sample.Outcome(second), Sample.Turn(second), Cancel)).ShouldBeTrue();
    }

    [Theory, EveryStore]
    public async Task FindStepsAsync_gives_back_what_was_saved(StoreEngine store)
    {
        Open(store);
        var (call, _) = await AcceptAsync("c1");
        await _store.SaveStepAsync(call, new ModelAnswerStep("one", """{"a":1}"""), Cancel);
        await _store.SaveStepAsync(call, new ModelAnswerStep("two", """{"b":"ü"}"""), Cancel);

        var steps = await _store.FindStepsAsync("c1", Cancel);

        steps.Keys.ShouldBe(["one", "two"], ignoreOrder: true);
        steps["two"].AnswerJson.ShouldBe("""{"b":"ü"}""");
    }

    [Theory, EveryStore]
    public async Task FindPredecessorAsync_goes_by_the_order_of_acceptance(StoreEngine store)
    {
        Open(store);
        var (begun, _) = await AcceptAsync("c1");
        var (second, _) = await AcceptAsync("c2", begun.ThreadId);
        var (third, _) = await AcceptAsync("c3", begun.ThreadId);
        var (elsewhere, _) = await AcceptAsync("c4", "another thread");

        (await _store.FindPredecessorAsync(begun, Cancel)).ShouldBeNull();
        (await _store.FindPredecessorAsync(elsewhere, Cancel)).ShouldBeNull();
        (await _store.FindPredecessorAsync(third, Cancel))!.CallId.ShouldBe("c1");
        await _store.FinishAsync(begun, Sample.Outcome(begun), Sample.Turn(begun), Cancel);
        (await _store.FindPredecessorAsync(third, Cancel))!.CallId.ShouldBe("c2");
        await _store.FinishAsync(second, Sample.Outcome(second), null, Cancel);
        (await _store.FindPredecessorAsync(third, Cancel)).ShouldBeNull();
    }

    [Theory, EveryStore]
    public async Task AcceptAsync_thread_whose_calls_were_forgotten_goes_on_behind_its_turns(StoreEngine store)
    {
        Open(store);
        var (first, _) = await AcceptAsync("c1");
        await _store.FinishAsync(first, Sample.Outcome(first), Sample.Turn(first), Cancel);
        await _store.ForgetFinishedAsync(_time.GetUtcNow().AddDays(1), Cancel);

        var (second, _) = await AcceptAsync("c2", first.ThreadId);
        await _store.FinishAsync(second, Sample.Outcome(second), Sample.Turn(second, "second"), Cancel);

        var thread = await new SqlThreadStore(_database).FindAsync(first.ThreadId, Cancel);
        thread!.Turns.Select(turn => turn.CallId).ShouldBe(["c1", "c2"]);
    }

    [Theory, EveryStore]
    public async Task ForgetFinishedAsync_forgets_old_finished_calls_with_their_steps_and_nothing_else(StoreEngine store)
    {
        Open(store);
        var (old, _) = await AcceptAsync("old");
        var (running, _) = await AcceptAsync("running");
        await _store.SaveStepAsync(old, new ModelAnswerStep("answer", "{}"), Cancel);
        await _store.FinishAsync(old, Sample.Outcome(old), Sample.Turn(old), Cancel);
        _time.Advance(TimeSpan.FromHours(25));
        var (recent, _) = await AcceptAsync("recent");
        await _store.FinishAsync(recent, Sample.Outcome(recent), null, Cancel);

        (await _store.ForgetFinishedAsync(_time.GetUtcNow().AddHours(-24), Cancel)).ShouldBe(1);

        (await _store.FindAsync("old", Cancel)).ShouldBeNull();
        (await _store.FindStepsAsync("old", Cancel)).ShouldBeEmpty();
        (await _store.FindAsync("running", Cancel)).ShouldBe(running);
        (await _store.FindAsync("recent", Cancel)).ShouldNotBeNull();
        (await new SqlThreadStore(_database).FindAsync(old.ThreadId, Cancel)).ShouldNotBeNull();
    }

    /// <summary>Traps 23, 25, 122: what a killed daemon had journaled is there for the next one.</summary>
    [Theory, EveryStore]
    public async Task Reopened_after_a_kill_calls_steps_outcomes_and_turns_are_there(StoreEngine engine)
    {
        Open(engine);
        var (finished, _) = await AcceptAsync("finished");
        await _store.FinishAsync(finished, Sample.Outcome(finished, "kept"), Sample.Turn(finished), Cancel);
        var (running, _) = await AcceptAsync("running");
        await _store.SaveStepAsync(running, new ModelAnswerStep("answer", """{"text":"paid"}"""), Cancel);

        using var left = _file.CopyAsAfterKill();
        await using var database = left.OpenAny();
        var store = new SqlCallStore(database, Lease, _time);

        var outcome = (await store.FindAsync("finished", Cancel))!.Outcome!;
        (outcome.Text, outcome.State, outcome.Receipt.Runs).ShouldBe(("kept", CallState.Succeeded, 1));
        (await store.FindAsync("running", Cancel)).ShouldBe(running);
        (await store.FindStepsAsync("running", Cancel))["answer"].AnswerJson.ShouldBe("""{"text":"paid"}""");
        (await new SqlThreadStore(database).FindAsync(finished.ThreadId, Cancel))!.Turns.Count.ShouldBe(1);
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _file.Dispose();
    }

    private void Open(StoreEngine store)
    {
        _file = new TempDatabase(store);
        _database = _file.OpenAny(_time);
        _store = new SqlCallStore(_database, Lease, _time);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<(CallRecord Record, bool Accepted)> AcceptAsync(string callId, string? thread = null) =>
        await _store.AcceptAsync(Sample.Call(callId, thread), Sample.Owner, Cancel);

    private sealed class SteppingClock(TimeProvider real) : TimeProvider
    {
        public TimeSpan Step { get; set; }

        public override long TimestampFrequency => real.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => real.GetUtcNow() + Step;

        public override long GetTimestamp() => real.GetTimestamp();
    }
}
