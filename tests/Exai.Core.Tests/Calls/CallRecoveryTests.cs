using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Protocol;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Calls;

/// <summary>Daemons that die, and daemons that are taken for dead.</summary>
public sealed class CallRecoveryTests
{
    /// <summary>Trap 8.</summary>
    [Theory, EveryStore]
    public void Dead_owner_the_call_is_taken_over_and_asked_again(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var request = world.Chat("hello");
        await DieWhileRunningAsync(world, request, afterSeconds: 4);

        var outcome = await world.Start().AskAsync(request);

        outcome.State.ShouldBe(CallState.Succeeded);
        (outcome.Receipt.Runs, outcome.Receipt.Recovered).ShouldBe((2, RecoveredHow.Rerun));
        outcome.Text.ShouldContain("asked again after the daemon died");
        world.Provider.Requests.Count.ShouldBe(2);
        outcome.Receipt.TotalMs.ShouldBe(14_000);
        // Trap 173: what the dead daemon had asked is in the bill, with what it probably cost.
        outcome.Receipt.Attempts.Select(attempt => attempt.Outcome).ShouldBe([ErrorCodes.Interrupted, AttemptOutcomes.Ok]);
        var lost = outcome.Receipt.Attempts[0];
        (lost.Tokens.Estimated, lost.Tokens.Input > 0, lost.CostUsd > 0, outcome.Receipt.Tokens.Estimated).ShouldBe((true, true, true, true));
        outcome.Receipt.Tokens.Input.ShouldBe(lost.Tokens.Input + 100);
    });

    /// <summary>Traps 25, 220: the provider is paid once.</summary>
    [Theory, EveryStore]
    public void Dead_owner_after_the_answer_was_journaled_it_is_replayed_and_nobody_asked(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var request = world.Chat("hello");
        var killed = Task.CompletedTask;
        daemon.Store.StepSaved = () => killed = daemon.KillAsync();
        _ = daemon.Calls.StartOrAttach(request);
        await world.AfterAsync(11);
        await killed;

        var outcome = await world.Start().AskAsync(request);

        outcome.Text.ShouldStartWith("answer to (hello)");
        (outcome.Receipt.Runs, outcome.Receipt.Recovered).ShouldBe((2, RecoveredHow.Replayed));
        outcome.Receipt.Attempts.Count.ShouldBe(1);
        world.Provider.Requests.Count.ShouldBe(1);
        var thread = await world.Start().Threads.FindAsync(outcome.Receipt.ThreadId!, CancellationToken.None);
        thread!.Turns.Single().Answer.ShouldBe("answer to (hello)");
    });

    /// <summary>An answer that is there is paid for: a stop in the same moment must not throw it away.</summary>
    [Theory, EveryStore]
    public void Daemon_stops_in_the_moment_of_the_answer_the_answer_is_kept(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        TestDaemon? first = null;
        var stopping = Task.CompletedTask;
        world.Provider = new ScriptedChatClient(world.Time, _ =>
        [
            new ScriptStep.Say("paid for"), new ScriptStep.Finish(), new ScriptStep.Do(() => stopping = first!.DisposeAsync().AsTask()),
        ]);
        first = world.Start();
        var request = world.Chat("hello");
        _ = first.Calls.StartOrAttach(request);
        await world.AfterAsync(1);
        await stopping;
        world.Dead.Add(first.Epoch);

        var outcome = await world.Start().AskAsync(request);

        outcome.Text.ShouldStartWith("paid for");
        world.Provider.Requests.Count.ShouldBe(1);
    });

    [Theory, EveryStore]
    public void Runs_used_up_the_call_ends_interrupted_and_stays_so(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var request = world.Chat("hello");
        for (var run = 1; run <= 3; run++)
        {
            await DieWhileRunningAsync(world, request, afterSeconds: 2);
        }

        var outcome = await world.Start().AskAsync(request);

        (outcome.State, outcome.Error!.Code, outcome.Receipt.Runs).ShouldBe((CallState.Interrupted, ErrorCodes.Interrupted, 3));
        outcome.Text.ShouldContain("EXAI_CALL_MAX_RUNS");
        world.Provider.Requests.Count.ShouldBe(3);
        (await world.Start().AskAsync(request)).Text.ShouldBe(outcome.Text);
        world.Provider.Requests.Count.ShouldBe(3);
    });

    [Theory, EveryStore]
    public void Call_clock_counts_the_runs_and_not_the_time_between(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        world.Options = world.Options with { Timeout = TimeSpan.FromSeconds(60), Lease = TimeSpan.FromSeconds(3) };
        world.Provider = new ScriptedChatClient(world.Time, _ => [ScriptStep.Hang]);
        var request = world.Chat("hello");
        await DieWhileRunningAsync(world, request, afterSeconds: 20);
        await world.AfterAsync(600);
        await DieWhileRunningAsync(world, request, afterSeconds: 15);
        await world.AfterAsync(600);
        var daemon = world.Start();
        var started = world.Time.GetUtcNow();

        var outcome = await daemon.AskAsync(request);

        (outcome.Error!.Code, outcome.Error.Clock).ShouldBe((ErrorCodes.Timeout, Clocks.Call));
        (world.Time.GetUtcNow() - started).ShouldBe(TimeSpan.FromSeconds(25), TimeSpan.FromSeconds(2));
    });

    [Theory, EveryStore]
    public void Two_daemons_find_the_same_orphan_one_takes_it_over(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var request = world.Chat("hello");
        await DieWhileRunningAsync(world, request, afterSeconds: 2);
        var (left, right) = (world.Start(), world.Start());

        var outcomes = await Task.WhenAll(left.AskAsync(request), right.AskAsync(request));

        outcomes[0].Text.ShouldBe(outcomes[1].Text);
        outcomes.ShouldAllBe(outcome => outcome.Receipt.Runs == 2);
        world.Provider.Requests.Count.ShouldBe(2);
    });

    /// <summary>Invariant 5: between hosts a lease can run out while its owner lives.</summary>
    [Theory, EveryStore]
    public void Owner_taken_for_dead_ends_later_the_other_runs_outcome_counts_for_both(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var request = world.Chat("hello");
        var there = daemon.AskAsync(request);
        await world.AfterAsync(5);
        world.Dead.Add(daemon.Epoch);

        var here = await world.Start().AskAsync(request);

        here.Receipt.Runs.ShouldBe(2);
        (await there).Text.ShouldBe(here.Text);
        (await there).Receipt.Runs.ShouldBe(2);
    });

    /// <summary>Whoever took the call over may die as well: then the first one must not wait for it for ever.</summary>
    [Theory, EveryStore]
    public void Owner_taken_for_dead_ends_after_its_successor_died_it_takes_the_call_back(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var daemon = world.Start();
        var request = world.Chat("hello");
        var there = daemon.AskAsync(request);
        await world.AfterAsync(5);
        world.Dead.Add(daemon.Epoch);
        await DieWhileRunningAsync(world, request, afterSeconds: 2);
        world.Dead.Remove(daemon.Epoch);

        var outcome = await there;

        outcome.State.ShouldBe(CallState.Succeeded);
        outcome.Receipt.Runs.ShouldBe(3);
        (await world.Start().AskAsync(request)).Text.ShouldBe(outcome.Text);
    });

    private static async Task DieWhileRunningAsync(CallWorld world, CallRequest request, double afterSeconds)
    {
        var daemon = world.Start();
        _ = daemon.Calls.StartOrAttach(request);
        await world.AfterAsync(afterSeconds);
        await daemon.KillAsync();
    }
}
