using Exai.Core.Telemetry;
using Exai.Protocol;

namespace Exai.Core.Calls;

/// <summary>One waiter's view of a call. Leaving it does nothing to the call but that it is counted: the last who leaves an unfinished one detaches it.</summary>
public sealed class CallAttachment : IDisposable
{
    private readonly LiveCall _live;
    private readonly TimeSpan _cancelGrace;
    private readonly CallMeters? _meters;
    private readonly int _waiter;
    private readonly bool _tooLate;
    private int _left;

    internal CallAttachment(LiveCall live, string how, TimeSpan cancelGrace, CallMeters? meters)
    {
        _live = live;
        _cancelGrace = cancelGrace;
        _meters = meters;
        How = how;
        Outcome = live.Outcome;
        (_waiter, _tooLate) = live.WaiterCame();
    }

    /// <summary>The outcome; cancelled when the daemon stops before there is one.</summary>
    public Task<CallOutcome> Outcome { get; }

    /// <summary>How this waiter came to the call: one of <see cref="RecoveredHow"/>. Final when <see cref="Outcome"/> has completed.</summary>
    public string How
    {
        // A cancel that was under way before this waiter came has ended the call for those before it: to this one it is an earlier call's outcome.
        get => _tooLate && Outcome is { IsCompletedSuccessfully: true, Result.State: CallState.Cancelled } ? RecoveredHow.Replayed : field;
        internal set;
    }

    public string CallId => _live.CallId;

    /// <summary>What the call is doing now, in at most 200 characters.</summary>
    public string Progress => _live.Progress.Text;

    /// <summary>The client no longer wants the answer; unless others came after it, the call runs on for the cancel grace, in which a retry can attach.</summary>
    public void CancelLater() => _live.CancelAfter(_cancelGrace, _waiter);

    /// <summary>Nobody waits here any more, though the outcome may still be looked at.</summary>
    /// <param name="counts">Whether it is the first that is heard of it.</param>
    public void Detach(bool counts = true)
    {
        if (Interlocked.Exchange(ref _left, 1) == 0 && _live.WaiterLeft(_waiter) == 0 && !Outcome.IsCompleted && counts)
        {
            _meters?.Detached();
        }
    }

    public void Dispose() => Detach();
}
