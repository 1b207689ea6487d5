using System.Collections.Concurrent;
using Exai.Core.Admission;
using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Exai.Core.Tokens;
using Exai.Core.Tools;
using Exai.Protocol;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Calls;

/// <summary>
/// Starts calls, or attaches to them: sending a call id again never starts a second call.
/// <list type="number">
/// <item>running here: attach;</item>
/// <item>unknown: take a place in the queue for it, journal it, run it; with its session's share of the queue used up, OVER_CAPACITY;</item>
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
    private readonly Lock _lock = new();
    private readonly ICallStore _store;
    private readonly ToolRunner _runner;
    private readonly IQueuePlaces _places;
    private readonly CallOwner _owner;
    private readonly IOwnerLiveness _liveness;
    private readonly CallOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CallTending _tending;
    private readonly OwnRuns _runs = new();
    private readonly Task _tendingLoop;
    private int _running;
    private bool _closed;

    public CallService(
        ICallStore store, ToolRunner runner, IQueuePlaces places, CallOwner owner, IOwnerLiveness liveness, CallOptions options, TimeProvider time, ILogger logger)
    {
        _store = store;
        _runner = runner;
        _places = places;
        _owner = owner;
        _liveness = liveness;
        _options = options;
        _time = time;
        _logger = logger;
        _tending = new CallTending(store, owner, options, time, logger) { Running = () => Running > 0, Runs = _runs, Cancel = CancelLive, Saved = Forget };
        _tendingLoop = _tending.RunAsync(_stopping.Token);
    }

    /// <summary>Calls that are running now; they keep the daemon busy.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Outcomes that were sent and that the store could not take yet.</summary>
    public int NotJournaled => _tending.Unsaved;

    /// <summary>Null counts nothing.</summary>
    public CallMeters? Meters { get; init; }

    /// <summary>What is known of the tokens that calls are made with.</summary>
    public ITokenBook Tokens { get; init; } = new NoTokens();

    /// <summary>What other daemons on the same store say; null where none says anything.</summary>
    public ICallNews? News
    {
        get;
        init
        {
            field = value;
            if (value is not null)
            {
                value.Progress = ProgressOf;
                value.CancelAsked += _tending.LookForCancels;
            }
        }
    }

    /// <summary>Raised after <see cref="Running"/> has changed, on the thread that changed it.</summary>
    public event Action? RunningChanged;

    /// <summary>Whether the call is being resolved or run here.</summary>
    public bool IsLive(string callId) => _live.ContainsKey(callId);

    /// <summary>What a call that runs here is doing; null for any other.</summary>
    public CallProgress? ProgressOf(string callId) => _live.TryGetValue(callId, out var live) && !live.Outcome.IsCompleted ? live.Progress : null;

    /// <exception cref="CallException">The same id stands for other arguments, or is too old to be known.</exception>
    public CallAttachment StartOrAttach(CallRequest request)
    {
        var hash = request.Fingerprint();
        var (live, known) = FindOrAddLive(request.CallId, hash, request.Token);
        if (!known)
        {
            return Resolve(live, request);
        }

        RefuseOtherArguments(request.CallId, live.ArgumentsHash, hash);
        Meters?.Recovered(RecoveredHow.Attached);
        return new CallAttachment(live, RecoveredHow.Attached, _options.CancelGrace, Meters);
    }

    /// <summary>Joins a call by its id alone, whichever session made it; null when it is unknown to whoever asks.</summary>
    /// <param name="token">The named token that asks, which knows its own calls alone; null for the owner, who knows all.</param>
    public Task<CallAttachment?> ClaimAsync(string callId, string? token, CancellationToken cancellationToken) => JoinAsync(callId, token, cancel: false, cancellationToken);

    /// <summary>
    /// The same, and ends it at once for everybody who waits for it. One that another daemon runs is ended by that daemon; one that lost its daemon is
    /// taken over for that alone and asks nobody again.
    /// </summary>
    public Task<CallAttachment?> CancelAsync(string callId, string? token, CancellationToken cancellationToken) => JoinAsync(callId, token, cancel: true, cancellationToken);

    /// <summary>Takes a call over that lost its daemon and that nobody has asked for again yet. Its outcome waits in the journal.</summary>
    internal void Adopt(CallRecord orphan)
    {
        var (live, known) = FindOrAddLive(orphan.CallId, orphan.ArgumentsHash, orphan.Token);
        if (!known)
        {
            Resolve(live, orphan.ToRequest()).Dispose();
        }
    }

    /// <summary>
    /// Forgets the clients' cancels that are put off here. Another daemon has the clients now: their shims say the cancels again there, or
    /// ask for the calls again, which this one would not hear of.
    /// </summary>
    public void LeaveCancelsToSuccessor()
    {
        foreach (var live in _live.Values)
        {
            live.ForgetCancel();
        }
    }

    /// <summary>Stops running calls where they are. They stay unfinished in the journal, for the next daemon to take over.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _closed = true;
        }

        _stopping.Cancel();
        await Task.WhenAll(_live.Values.Select(live => live.Ended));
        await _tendingLoop;
        await _tending.TrySaveAsync();
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

    /// <summary>Under a lock with the end: a call that begins is either refused or waited for by <see cref="DisposeAsync"/>.</summary>
    private (LiveCall Live, bool Known) FindOrAddLive(string callId, string argumentsHash, string? token)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_live.TryGetValue(callId, out var known))
            {
                return (known, true);
            }

            var added = new LiveCall(callId, argumentsHash, _time) { Token = token };
            _live[callId] = added;
            return (added, false);
        }
    }

    private async Task<CallAttachment?> JoinAsync(string callId, string? token, bool cancel, CancellationToken cancellationToken)
    {
        var known = _live.TryGetValue(callId, out var live);
        var record = known ? null : await _store.FindAsync(callId, cancellationToken);
        if ((live is null && record is null) || (token is not null && (live?.Token ?? record?.Token) != token))
        {
            return null;
        }

        if (live is null)
        {
            (live, known) = FindOrAddLive(callId, record!.ArgumentsHash, record.Token);
        }

        if (cancel)
        {
            // Before it is taken over, so that it asks nobody again.
            live.CancelOnPurpose();
        }

        return known ? new CallAttachment(live, RecoveredHow.Attached, _options.CancelGrace, Meters) : Resolve(live, record!.ToRequest());
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

    private CallAttachment Resolve(LiveCall live, CallRequest request)
    {
        var attachment = new CallAttachment(live, RecoveredHow.None, _options.CancelGrace, Meters);
        // Owned through LiveCall.Ended.
        _ = ResolveAsync(live, request, attachment);
        return attachment;
    }

    private async Task ResolveAsync(LiveCall live, CallRequest request, CallAttachment first)
    {
        try
        {
            live.Complete(await FindOrRunAsync(live, request, first));
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // Whatever it was, the stop may have caused it: the next daemon finds out.
            live.Abandon();
        }
        catch (StoreException failure) when (failure.Damaged)
        {
            // A daemon whose store is damaged ends: the next one, which begins a new store, gets the call.
            live.Abandon();
        }
        catch (Exception failure)
        {
            live.Complete(CallOutcomes.Refused(request, failure, _time));
            Meters?.Ended(request.Tool, CallState.Failed, TimeSpan.Zero);
            if (failure is not CallException)
            {
                CallLog.ResolveFailed(_logger, failure, request.CallId, request.Tool);
            }
        }
        finally
        {
            // An outcome that the store could not take is kept here, so that a resend still finds it.
            if (!_tending.IsUnsaved(request.CallId) && _live.TryRemove(KeyValuePair.Create(request.CallId, live)))
            {
                live.Dispose();
            }

            live.End();
        }
    }

    private void CancelLive(string callId)
    {
        if (_live.TryGetValue(callId, out var live))
        {
            live.Cancel();
        }
    }

    private void Forget(string callId)
    {
        if (_live.TryRemove(callId, out var live))
        {
            live.Dispose();
        }
    }

    private async Task<CallOutcome> FindOrRunAsync(LiveCall live, CallRequest request, CallAttachment first)
    {
        // Whoever takes a run over hears of a client's cancel from its shim, and also when it is void again: this daemon no longer does.
        var lostRun = false;
        var record = await _store.FindAsync(request.CallId, _stopping.Token);
        if (record is null)
        {
            RefuseExpired(request.CallId);
            // Before it is journaled: a call that was accepted is never refused. Held until the call ends, in case it asks no model after all.
            using var place = _runner.AsksModels(request.Tool) ? _places.Reserve(request.CallId, request.SessionId) : null;
            (record, var accepted) = await AcceptAsync(request, live.ArgumentsHash);
            lostRun = accepted;
            if (accepted && await RunAsync(live, record) is { } outcome)
            {
                return outcome;
            }
        }

        var waitingSince = _time.GetTimestamp();
        var cancelPassedOn = false;
        var told = false;
        while (true)
        {
            RefuseOtherArguments(request.CallId, record.ArgumentsHash, live.ArgumentsHash);
            if (record.Outcome is { } known)
            {
                first.How = RecoveredHow.Replayed;
                Meters?.Recovered(RecoveredHow.Replayed);
                return known;
            }

            var ownerLives = record.Owner.Epoch != _owner.Epoch && _liveness.IsAlive(record.Owner, record.LeaseUntil);
            if (ownerLives)
            {
                RefuseToWaitOn(record, _time.GetElapsedTime(waitingSince));
                if (!told)
                {
                    told = true;
                    live.Report(new CallProgress("another daemon is finishing this call", CallStages.Elsewhere));
                }

                cancelPassedOn = cancelPassedOn || (live.Cancelled.IsCancellationRequested && (!lostRun || live.IsCancelledOnPurpose) && await TryPassCancelOnAsync(record.CallId));
                await (News?.WaitAsync(record.CallId, _options.OwnerPoll, live.Report, _stopping.Token) ?? Task.Delay(_options.OwnerPoll, _time, _stopping.Token));
            }
            else if (await _store.TakeOverAsync(record, _owner, _stopping.Token) is { } mine)
            {
                Meters?.Recovered(RecoveredHow.Rerun);
                CallLog.TakenOver(_logger, mine.CallId, mine.Runs, record.Owner.Epoch);
                if (mine.CancelRequested)
                {
                    live.Cancel();
                }

                if (await RunOrInterruptAsync(live, mine) is { } outcome)
                {
                    return outcome;
                }

                lostRun = true;
                waitingSince = _time.GetTimestamp();
            }

            record = await _store.FindAsync(request.CallId, _stopping.Token)
                ?? throw new CallException(ErrorCodes.CallExpired, $"Call {request.CallId} was forgotten after {_options.ResultTtl.TotalHours:0} h. Ask again.");
        }
    }

    /// <summary>To the daemon that runs the call; one that takes it over finds it too.</summary>
    private async Task<bool> TryPassCancelOnAsync(string callId)
    {
        try
        {
            await _store.RequestCancelAsync(callId, _stopping.Token);
            return true;
        }
        catch (StoreException)
        {
            // At the next look.
            return false;
        }
    }

    private Task<CallOutcome?> RunOrInterruptAsync(LiveCall live, CallRecord mine) => mine.Runs > _options.MaxRuns
        ? FinishAsync(mine, CallOutcomes.Interrupted(mine, _options.MaxRuns, _time), turn: null)
        : RunAsync(live, mine);

    private async Task<CallOutcome?> FinishAsync(CallRecord run, CallOutcome outcome, Threads.Turn? turn)
    {
        using var span = CallTraces.Journal("outcome", run.CallId);
        var counts = await _tending.FinishAsync(run, outcome, turn);
        if (counts is not null)
        {
            Meters?.Ended(run.Tool, counts.State, TimeSpan.FromMilliseconds(counts.Receipt.TotalMs));
        }

        return counts;
    }

    /// <summary>A daemon that lives ends its calls by their clock; one that is stopped or stuck does not.</summary>
    private void RefuseToWaitOn(CallRecord record, TimeSpan waited)
    {
        if (waited >= _options.Timeout)
        {
            throw new CallException(new CallError
            {
                Code = ErrorCodes.Timeout,
                Clock = Clocks.Call,
                CallId = record.CallId,
                Message = $"Another daemon (epoch {record.Owner.Epoch}) lives and has not ended this call in {waited.TotalSeconds:0.#} s (EXAI_CALL_TIMEOUT_SECS). " +
                    "It is not run a second time. End that daemon, then ask for the call again.",
            });
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
        var limits = request.Token is { } token ? await Tokens.LimitsAsync(token, _stopping.Token) : null;
        using var span = CallTraces.Journal("accept", request.CallId);
        try
        {
            return await _store.AcceptAsync(
                new NewCall(request, hash, continued ?? Guid.NewGuid().ToString(), continued is not null) { Limits = limits }, _owner, _stopping.Token);
        }
        catch (CallException refused) when (request.Token is not null)
        {
            Tokens.Refused(request.Token, refused.Error);
            throw;
        }
        catch (StoreException failure) when (failure.Full)
        {
            throw new CallException(
                ErrorCodes.StoreFull,
                "The disk that holds EXAI's store is full, so the call was not accepted: its answer could not be kept. Free some space and ask again.",
                failure);
        }
    }

    /// <summary>One run to its outcome; null when another daemon owns the call by now.</summary>
    private async Task<CallOutcome?> RunAsync(LiveCall live, CallRecord run)
    {
        Interlocked.Increment(ref _running);
        RunningChanged?.Invoke();
        using var own = _runs.Begin(run, _stopping.Token);
        try
        {
            using var clock = new CallClock(_options.Timeout, run.Spent, _time, live.Cancelled, own.End);
            using var span = CallTraces.Run(run);
            var (outcome, turn) = await _runner.RunAsync(run, () => WaitForThreadAsync(live, run, clock), live.Report, clock);
            span.Ended(outcome);
            return await FinishAsync(run, outcome, turn);
        }
        catch (OperationCanceledException) when (own.IsLost && !_stopping.IsCancellationRequested)
        {
            CallLog.OwnershipLost(_logger, run.CallId, run.Runs);
            return null;
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
        string? before = null;
        while (run.ContinuesThread && !clock.Token.IsCancellationRequested
            && await _store.FindPredecessorAsync(run, _stopping.Token) is { } predecessor)
        {
            live.Report(new CallProgress("waiting for an earlier call on this thread", CallStages.Thread));
            if (predecessor.CallId == before)
            {
                // It has ended here and not in the journal: the store takes no writes at the moment.
                await Task.WhenAny(Task.Delay(_options.OwnerPoll, _time, clock.Token));
            }

            before = predecessor.CallId;
            var (earlier, known) = FindOrAddLive(predecessor.CallId, predecessor.ArgumentsHash, predecessor.Token);
            if (!known)
            {
                Resolve(earlier, predecessor.ToRequest());
            }

            // Joined without a CallAttachment: a call that waits behind a cancelled one does not want its answer.
            await Task.WhenAny(earlier.Outcome.WaitAsync(clock.Token));
        }
    }
}
