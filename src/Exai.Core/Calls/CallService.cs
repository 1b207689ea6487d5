using System.Collections.Concurrent;
using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Exai.Core.Tools;
using Exai.Protocol;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Calls;

/// <summary>
/// Starts calls, or attaches to them: sending a call id again never starts a second call.
/// <list type="number">
/// <item>running here: attach;</item>
/// <item>unknown: journal it, run it;</item>
/// <item>finished: the stored outcome;</item>
/// <item>owned by a living daemon: wait for its outcome;</item>
/// <item>owned by a dead one: take it over and run it again, with the answers that are journaled already;</item>
/// <item>the same id with other arguments: CALL_CONFLICT.</item>
/// </list>
/// A call runs apart from whoever asked for it. Thread-safe.
/// </summary>
public sealed class CallService : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, LiveCall> _live = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ICallStore _store;
    private readonly ToolRunner _runner;
    private readonly CallOwner _owner;
    private readonly IOwnerLiveness _liveness;
    private readonly CallOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _leases;
    private int _running;

    public CallService(
        ICallStore store, ToolRunner runner, CallOwner owner, IOwnerLiveness liveness, CallOptions options, TimeProvider time, ILogger logger)
    {
        _store = store;
        _runner = runner;
        _owner = owner;
        _liveness = liveness;
        _options = options;
        _time = time;
        _logger = logger;
        _leases = RenewLeasesAsync();
    }

    /// <summary>Calls that are running now; they keep the daemon busy.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Raised after <see cref="Running"/> has changed, on the thread that changed it.</summary>
    public event Action? RunningChanged;

    /// <summary>Whether the call is being resolved or run here.</summary>
    public bool IsLive(string callId) => _live.ContainsKey(callId);

    /// <exception cref="CallException">The same id stands for other arguments, or is too old to be known.</exception>
    public CallAttachment StartOrAttach(CallRequest request)
    {
        var hash = CanonicalJson.Hash(request.Tool, request.Arguments);
        while (true)
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            if (_live.TryGetValue(request.CallId, out var live))
            {
                RefuseOtherArguments(request.CallId, live.ArgumentsHash, hash);
                live.Attached();
                return new CallAttachment(live, RecoveredHow.Attached, _options.CancelGrace);
            }

            live = new LiveCall(request.CallId, hash, _time);
            if (_live.TryAdd(request.CallId, live))
            {
                var attachment = new CallAttachment(live, RecoveredHow.None, _options.CancelGrace);
                live.Work = ResolveAsync(live, request, attachment);
                return attachment;
            }

            live.Dispose();
        }
    }

    /// <summary>Stops running calls where they are. They stay unfinished in the journal, for the next daemon to take over.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await Task.WhenAll(_live.Values.Select(live => live.Work));
        await _leases;
        _stopping.Dispose();
    }

    /// <summary>Completes when no call is running.</summary>
    public async Task WhenIdleAsync(CancellationToken cancellationToken)
    {
        while (_live.Values.FirstOrDefault(live => !live.Outcome.IsCompleted) is { } busy)
        {
            await Task.WhenAny(busy.Outcome.WaitAsync(cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static void RefuseOtherArguments(string callId, string known, string given)
    {
        if (!string.Equals(known, given, StringComparison.Ordinal))
        {
            throw new CallException(
                ErrorCodes.CallConflict,
                $"Call {callId} is known with another tool or other arguments. Nothing was run. Use a new call id for a new question.");
        }
    }

    private async Task ResolveAsync(LiveCall live, CallRequest request, CallAttachment first)
    {
        var keep = false;
        try
        {
            var outcome = await FindOrRunAsync(live, request, first);
            keep = !outcome.Receipt.Durable;
            live.Complete(outcome);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            live.Abandon();
        }
        catch (Exception failure)
        {
            live.Complete(CallOutcomes.Refused(request, failure, _time));
            if (failure is not CallException)
            {
                CallLog.ResolveFailed(_logger, failure, request.CallId, request.Tool);
            }
        }
        finally
        {
            // An outcome that the store could not take is kept here, so that a resend still finds it.
            if (!keep && _live.TryRemove(request.CallId, out _))
            {
                live.Dispose();
            }
        }
    }

    private async Task<CallOutcome> FindOrRunAsync(LiveCall live, CallRequest request, CallAttachment first)
    {
        var record = await _store.FindAsync(request.CallId, _stopping.Token);
        if (record is null)
        {
            RefuseExpired(request.CallId);
            (record, var accepted) = await AcceptAsync(request, live.ArgumentsHash);
            if (accepted)
            {
                return await RunAsync(live, record);
            }
        }

        while (true)
        {
            RefuseOtherArguments(request.CallId, record.ArgumentsHash, live.ArgumentsHash);
            if (record.Outcome is { } outcome)
            {
                first.How = RecoveredHow.Replayed;
                return outcome;
            }

            var ownerLives = record.Owner.Epoch != _owner.Epoch && _liveness.IsAlive(record.Owner, record.LeaseUntil);
            if (ownerLives)
            {
                live.Report("another daemon is finishing this call");
                await Task.Delay(_options.OwnerPoll, _time, _stopping.Token);
            }
            else if (await _store.TakeOverAsync(record, _owner, _stopping.Token) is { } mine)
            {
                CallLog.TakenOver(_logger, mine.CallId, mine.Runs, record.Owner.Epoch);
                return mine.Runs > _options.MaxRuns
                    ? await FinishAsync(mine, CallOutcomes.Interrupted(mine, _options.MaxRuns, _time), turn: null)
                    : await RunAsync(live, mine);
            }

            record = await _store.FindAsync(request.CallId, _stopping.Token)
                ?? throw new CallException(ErrorCodes.CallExpired, $"Call {request.CallId} was forgotten after {_options.ResultTtl.TotalHours:0} h. Ask again.");
        }
    }

    private void RefuseExpired(string callId)
    {
        if (_time.GetUtcNow() - CallId.CreatedAt(callId) > _options.ResultTtl)
        {
            throw new CallException(
                ErrorCodes.CallExpired,
                $"Call {callId} is older than EXAI_RESULT_TTL_HOURS ({_options.ResultTtl.TotalHours:0} h), so its outcome can no longer be known. Ask again with a new call.");
        }
    }

    private async Task<(CallRecord Record, bool Accepted)> AcceptAsync(CallRequest request, string hash)
    {
        var continued = ToolArguments.ContinuationId(request.Arguments);
        try
        {
            return await _store.AcceptAsync(
                new NewCall(request, hash, continued ?? Guid.NewGuid().ToString(), continued is not null), _owner, _stopping.Token);
        }
        catch (StoreException failure) when (failure.Full)
        {
            throw new CallException(
                ErrorCodes.StoreFull,
                "The disk that holds EXAI's store is full, so the call was not accepted: its answer could not be kept. Free some space and ask again.",
                failure);
        }
    }

    private async Task<CallOutcome> RunAsync(LiveCall live, CallRecord run)
    {
        Interlocked.Increment(ref _running);
        RunningChanged?.Invoke();
        try
        {
            using var clock = new CallClock(_options.Timeout, run.Spent, _time, live.Cancelled, _stopping.Token);
            await WaitForThreadAsync(live, run, clock);
            var (outcome, turn) = await _runner.RunAsync(run, live.Report, clock);
            return await FinishAsync(run, outcome, turn);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
            RunningChanged?.Invoke();
        }
    }

    /// <summary>Calls on one thread run one after another. One that lost its daemon is taken over, so that it holds nobody up.</summary>
    private async Task WaitForThreadAsync(LiveCall live, CallRecord run, CallClock clock)
    {
        while (run.ContinuesThread && !clock.Token.IsCancellationRequested
            && await _store.FindPredecessorAsync(run, _stopping.Token) is { } predecessor)
        {
            live.Report("waiting for an earlier call on this thread");
            using var earlier = StartOrAttach(predecessor.ToRequest());
            await Task.WhenAny(earlier.Outcome.WaitAsync(clock.Token));
        }
    }

    private async Task<CallOutcome> FinishAsync(CallRecord run, CallOutcome outcome, Threads.Turn? turn)
    {
        try
        {
            if (await _store.FinishAsync(run, outcome, turn, CancellationToken.None))
            {
                CallLog.Finished(_logger, run.CallId, run.Tool, outcome.State, outcome.Receipt.TotalMs, run.Runs);
                return outcome;
            }
        }
        catch (StoreException failure)
        {
            CallLog.NotDurable(_logger, failure, run.CallId);
            return outcome with { Receipt = outcome.Receipt with { Durable = false } };
        }

        // Another daemon took the call over in the belief that this one was dead: its outcome is the call's.
        CallLog.OwnershipLost(_logger, run.CallId, run.Runs);
        while (true)
        {
            var record = await _store.FindAsync(run.CallId, _stopping.Token);
            if (record?.Outcome is { } theirs)
            {
                return theirs;
            }

            await Task.Delay(_options.OwnerPoll, _time, _stopping.Token);
        }
    }

    private async Task RenewLeasesAsync()
    {
        using var timer = new PeriodicTimer(_options.Lease / 3, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                if (Running > 0)
                {
                    await TryRenewAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private async Task TryRenewAsync()
    {
        try
        {
            await _store.RenewLeasesAsync(_owner, _stopping.Token);
        }
        catch (StoreException failure)
        {
            CallLog.LeaseNotRenewed(_logger, failure);
        }
    }
}
