using Exai.Protocol;

namespace Exai.Core.Calls;

/// <summary>
/// Everything that can end a run from outside: the call clock, a cancel, the daemon's stop, another daemon that took the call over. One token for the work to watch, and
/// one question for the end: whose doing was it?
/// </summary>
public sealed class CallClock : IDisposable
{
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _any;
    private readonly CancellationToken _cancelled;
    private readonly CancellationToken _stopping;
    private readonly TimeSpan _limit;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly TimeSpan _left;

    /// <param name="limit">The call clock.</param>
    /// <param name="spent">What earlier runs have used of it.</param>
    /// <param name="stopping">The daemon stops, or another one has the call by now.</param>
    public CallClock(TimeSpan limit, TimeSpan spent, TimeProvider time, CancellationToken cancelled, CancellationToken stopping)
    {
        _limit = limit;
        _cancelled = cancelled;
        _stopping = stopping;
        _time = time;
        _started = time.GetTimestamp();
        _left = limit > spent ? limit - spent : TimeSpan.Zero;
        _deadline = new CancellationTokenSource(_left, time);
        _any = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, cancelled, stopping);
    }

    public CancellationToken Token => _any.Token;

    /// <summary>What is left of the call clock; below zero when it has just fired.</summary>
    public TimeSpan Left => _left - _time.GetElapsedTime(_started);

    /// <summary>The daemon stops, or the run has lost its call: it is given up without an outcome.</summary>
    public bool Stopping => _stopping.IsCancellationRequested;

    /// <summary>Why the token fired, as a call's error; null when it has not, or when the run has no outcome.</summary>
    public CallError? Reason(string callId) => this switch
    {
        { Stopping: true } => null,
        { _cancelled.IsCancellationRequested: true } => new CallError
        {
            Code = ErrorCodes.Cancelled,
            CallId = callId,
            Message = "The call was cancelled: its client no longer wanted it, or somebody ended it with job_cancel.",
        },
        { _deadline.IsCancellationRequested: true } => new CallError
        {
            Code = ErrorCodes.Timeout,
            Clock = Clocks.Call,
            CallId = callId,
            Message = $"The call clock (EXAI_CALL_TIMEOUT_SECS) fired after {_limit.TotalSeconds:0.#} s. Ask for less at once, or raise the limit.",
        },
        _ => null,
    };

    public void Dispose()
    {
        _any.Dispose();
        _deadline.Dispose();
    }
}
