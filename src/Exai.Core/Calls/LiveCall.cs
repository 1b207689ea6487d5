namespace Exai.Core.Calls;

/// <summary>
/// A call that this daemon is resolving or running. Many may wait for it and see its progress; none of them owns it, so none
/// takes it along when it leaves. Thread-safe.
/// </summary>
internal sealed class LiveCall : IDisposable
{
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<CallOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cancel = new();
    private readonly Lock _lock = new();
    private ITimer? _grace;
    private object? _graceTicket;
    private volatile CallProgress _progress = new("accepted", CallStages.Accepted);
    private readonly List<int> _waiting = [];
    private int _waiters;
    private bool _graceIsOver;

    public LiveCall(string callId, string argumentsHash, TimeProvider time)
    {
        (CallId, ArgumentsHash, _time) = (callId, argumentsHash, time);
        (Outcome, Ended) = (Waiting.HereAsync(_outcome.Task), Waiting.HereAsync(_ended.Task));
    }

    public string CallId { get; }

    public string ArgumentsHash { get; }

    /// <inheritdoc cref="CallRequest.Token"/>
    public string? Token { get; init; }

    /// <summary>Ends with the outcome; cancelled when the daemon stops before there is one.</summary>
    public Task<CallOutcome> Outcome { get; }

    /// <summary>Fires when the call is to be cancelled at the provider.</summary>
    public CancellationToken Cancelled => _cancel.Token;

    /// <summary>What it is doing now.</summary>
    public CallProgress Progress => _progress;

    /// <summary>Ends with the resolving and running of the call; awaited at shutdown.</summary>
    public Task Ended { get; }

    public void Report(CallProgress progress) => _progress = progress;

    public void Complete(CallOutcome outcome) => _outcome.TrySetResult(outcome);

    public void End() => _ended.TrySetResult();

    public void Abandon() => _outcome.TrySetCanceled(CancellationToken.None);

    /// <summary>Somebody waits for the answer: a cancel that was put off is void.</summary>
    /// <returns>Who it is, where later ones have greater numbers; and whether it came too late, to a call whose cancel is under way.</returns>
    public (int Waiter, bool TooLate) WaiterCame()
    {
        lock (_lock)
        {
            EndGraceUnsynchronized();
            _waiting.Add(++_waiters);
            return (_waiters, _graceIsOver || _cancel.IsCancellationRequested);
        }
    }

    /// <returns>How many still wait.</returns>
    public int WaiterLeft(int waiter)
    {
        lock (_lock)
        {
            _waiting.Remove(waiter);
            return _waiting.Count;
        }
    }

    /// <summary>A cancel that was put off is void.</summary>
    public void ForgetCancel()
    {
        lock (_lock)
        {
            EndGraceUnsynchronized();
        }
    }

    /// <summary>
    /// The client cancelled. Its time-out and its user's Esc look the same, so the call runs on for a while in which a retry can attach.
    /// One that came already has: requests of a connection overtake its notifications.
    /// </summary>
    public void CancelAfter(TimeSpan grace, int waiter)
    {
        lock (_lock)
        {
            if (_waiting.Exists(other => other > waiter))
            {
                return;
            }

            EndGraceUnsynchronized();
            if (!_outcome.Task.IsCompleted)
            {
                _graceTicket = new object();
                _grace = _time.CreateTimer(GraceOver, _graceTicket, grace, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Somebody ended it who means it, not a client whose patience was over.</summary>
    public bool IsCancelledOnPurpose { get; private set; }

    public void CancelOnPurpose()
    {
        IsCancelledOnPurpose = true;
        Cancel();
    }

    public void Cancel()
    {
        try
        {
            _cancel.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call ended in the same moment.
        }
    }

    public void Dispose()
    {
        ForgetCancel();
        _cancel.Dispose();
    }

    /// <summary>A timer may fire in the moment in which it is stopped; the ticket tells whether it still counts.</summary>
    private void GraceOver(object? ticket)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(ticket, _graceTicket))
            {
                return;
            }

            _graceIsOver = true;
        }

        Cancel();
    }

    private void EndGraceUnsynchronized()
    {
        _grace?.Dispose();
        _grace = null;
        _graceTicket = null;
    }
}
