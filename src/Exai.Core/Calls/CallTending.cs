using System.Collections.Concurrent;
using System.Threading.Channels;
using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Calls;

/// <summary>
/// What a daemon does for its calls by the clock: it renews their leases, ends the runs that others have taken over, cancels those that others asked it to, journals outcomes
/// that the store could not take when they came, and forgets old ones. Thread-safe.
/// </summary>
internal sealed class CallTending(ICallStore store, CallOwner owner, CallOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan ForgetEvery = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, UnsavedOutcome> _unsaved = new(StringComparer.Ordinal);

    /// <summary>One look serves all who asked for it meanwhile.</summary>
    private readonly Channel<bool> _cancelAsked = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Whether calls are running here.</summary>
    public required Func<bool> Running { get; init; }

    /// <summary>What is at work here.</summary>
    public required OwnRuns Runs { get; init; }

    /// <summary>Cancels a call that is running here.</summary>
    public required Action<string> Cancel { get; init; }

    /// <summary>Told of each outcome that was kept here and need no longer be.</summary>
    public required Action<string> Saved { get; init; }

    /// <summary>Outcomes that were sent and that the store could not take yet.</summary>
    public int Unsaved => _unsaved.Count;

    /// <summary>Whether the call has ended with an outcome that the journal lacks.</summary>
    public bool IsUnsaved(string callId) => _unsaved.ContainsKey(callId);

    /// <summary>Journals the outcome; null when another daemon took the call over in the belief that this one was dead, so that its outcome counts.</summary>
    public async Task<CallOutcome?> FinishAsync(CallRecord run, CallOutcome outcome, Threads.Turn? turn)
    {
        try
        {
            return await TryFinishAsync(run, outcome, turn) ? outcome : null;
        }
        catch (StoreException failure)
        {
            CallLog.NotDurable(logger, failure, run.CallId);
            _unsaved[run.CallId] = new UnsavedOutcome(run, outcome, turn);
            return outcome with { Receipt = outcome.Receipt with { Durable = false } };
        }
    }

    /// <summary>Somebody asked for a cancel: it is looked for at once, not at the next renewal.</summary>
    public void LookForCancels() => _cancelAsked.Writer.TryWrite(true);

    /// <summary>Tends until the token fires.</summary>
    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(TendAsync(stopping), HearCancelsAsync(stopping));

    private async Task HearCancelsAsync(CancellationToken stopping)
    {
        try
        {
            while (await _cancelAsked.Reader.WaitToReadAsync(stopping))
            {
                _cancelAsked.Reader.TryRead(out _);
                if (Running())
                {
                    await TryCancelAsync(stopping);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private async Task TendAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(options.Lease / 3, time);
        var forgotten = time.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                if (Running() || !_unsaved.IsEmpty)
                {
                    await TryRenewAsync(stopping);
                    await TryCancelAsync(stopping);
                }

                await TrySaveAsync();
                if (time.GetElapsedTime(forgotten) >= ForgetEvery)
                {
                    forgotten = time.GetTimestamp();
                    await TryForgetAsync(stopping);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    /// <summary>Journals what was sent as not durable, once the store takes it again.</summary>
    public async Task TrySaveAsync()
    {
        try
        {
            foreach (var (callId, (run, outcome, turn)) in _unsaved)
            {
                await TryFinishAsync(run, outcome, turn);
                _unsaved.TryRemove(callId, out _);
                Saved(callId);
            }
        }
        catch (StoreException)
        {
            // Still no room. That was logged when the outcome was sent.
        }
    }

    private async Task<bool> TryFinishAsync(CallRecord run, CallOutcome outcome, Threads.Turn? turn)
    {
        var finished = await store.FinishAsync(run, outcome, turn, CancellationToken.None);
        if (finished)
        {
            CallLog.Finished(logger, run.CallId, run.Tool, outcome.State, outcome.Receipt.TotalMs, run.Runs);
        }
        else
        {
            CallLog.OwnershipLost(logger, run.CallId, run.Runs);
        }

        return finished;
    }

    private async Task TryRenewAsync(CancellationToken stopping)
    {
        try
        {
            // Before the renewal: what begins later is not lost because it was not there yet.
            var begun = Runs.All;
            var owned = await store.RenewLeasesAsync(owner, stopping);
            foreach (var run in begun.Where(run => owned.GetValueOrDefault(run.CallId) != run.Number))
            {
                // Or it has just been finished, and then there is nothing left to end.
                run.Lose();
            }
        }
        catch (StoreException failure)
        {
            CallLog.LeaseNotRenewed(logger, failure);
        }
    }

    /// <summary>Those that were cancelled at another daemon, which only waits for them, or that has gone since.</summary>
    private async Task TryCancelAsync(CancellationToken stopping)
    {
        try
        {
            foreach (var callId in await store.FindToCancelAsync(owner, stopping))
            {
                Cancel(callId);
            }
        }
        catch (StoreException)
        {
            // Said of the leases already.
        }
    }

    private async Task TryForgetAsync(CancellationToken stopping)
    {
        try
        {
            // Somewhat later than ids are refused, so that a client whose clock is ahead cannot run a forgotten call again.
            await store.ForgetFinishedAsync(time.GetUtcNow() - options.ResultTtl - ForgetEvery, stopping);
        }
        catch (StoreException failure)
        {
            CallLog.NotForgotten(logger, failure);
        }
    }

    /// <summary>An outcome that was sent and could not be journaled, as it will be told once it is.</summary>
    private sealed record UnsavedOutcome(CallRecord Run, CallOutcome Outcome, Threads.Turn? Turn);
}
