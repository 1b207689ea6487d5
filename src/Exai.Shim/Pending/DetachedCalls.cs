using Exai.Protocol;
using Exai.Shim.Link;
using Exai.Shim.Messages;

namespace Exai.Shim.Pending;

/// <summary>
/// Calls for which nobody waits at the moment and whose answer the client has not got: those that were answered <c>running</c>, and
/// those that the client cancelled, which may have been its time-out. The shim goes on handing the first to each daemon until one has
/// ended them, and the cancels of the second until one has surely heard them. A client that asks the same again is joined to the call
/// that it gave up. Belongs to the relay's one loop; not thread-safe.
/// </summary>
internal sealed class DetachedCalls(TimeProvider time)
{
    /// <summary>More than any client gives up; what is forgotten can still be claimed by its id.</summary>
    private const int Most = 256;

    private readonly List<DetachedCall> _calls = [];

    /// <summary>Whether a daemon is still needed for one of them.</summary>
    public bool AnyPending => _calls.Exists(call => call.IsPending);

    /// <summary>Whether a cancel is on a connection that may not have brought it to the daemon.</summary>
    public bool AnyCancelUnheard => _calls.Exists(call => call.CancelSentAt is not null);

    /// <summary>Whether time changes anything here.</summary>
    public bool AnyTimed => _calls.Exists(call => call.Request is not null);

    /// <summary>The client was told that the call runs on. A daemon that has the call is told so.</summary>
    public void AddRunning(PendingRequest call, LinkSession? session)
    {
        var running = new DetachedCall(call, time.GetTimestamp());
        Add(running);
        if (session is not null && call.Undelivered(time) is null)
        {
            running.Tell(session);
        }
    }

    /// <summary>The client cancelled it. One that no daemon can know of has simply ended, unless the client was told that it can be claimed.</summary>
    public void AddCancelled(PendingRequest call, ReadOnlyMemory<byte> notification, LinkSession? session)
    {
        var isKnown = call is { Sent: true, Files: not { HasLeft: false } };
        if (call.IsPromised && !isKnown)
        {
            AddRunning(call, session);
            return;
        }

        if (call.Sent && call.Files?.GiveUp() is not true)
        {
            var cancelled = new DetachedCall(call, time.GetTimestamp()) { Cancel = notification };
            Add(cancelled);
            if (session is not null)
            {
                session.Send(notification);
                cancelled.IsTold = true;
                cancelled.CancelSentAt = time.GetTimestamp();
            }
        }
    }

    /// <summary>The call that this one repeats, which then counts as waited for again; null when it repeats none.</summary>
    public RepeatedCall? TakeRepeated(CallShape shape)
    {
        // One that ended here, without a daemon, has nothing to be joined to, and one that was delivered is over.
        var repeated = _calls.FindLast(call => call.Key == shape.Key && call is { End: null, IsDelivered: false });
        return repeated is not null && _calls.Remove(repeated) ? new RepeatedCall(repeated.CallId, repeated.IsPromised, repeated.IsKnown) : null;
    }

    /// <summary>
    /// The client has been told this failure, and once that the call is a job that it can claim. A refused call is in no journal, so a claim
    /// is answered from here.
    /// </summary>
    public void AddRefused(PendingRequest call, CallError failure)
    {
        var refused = new DetachedCall(call, time.GetTimestamp()) { IsDelivered = true };
        refused.OnAnswered(failure);
        Add(refused);
    }

    /// <summary>Whether it waits here for the first daemon that would know it.</summary>
    public bool IsUnsent(string callId) => _calls.Exists(call => call.CallId == callId && call is { IsPending: true, Request.Sent: false });

    /// <summary>How a call ended that never reached a daemon; null when it did not.</summary>
    public CallError? EndOf(string jobId) => _calls.Find(call => call.CallId == jobId)?.End;

    /// <summary>What there is to tell of a call when no daemon knows it, for a refused one is in no journal: how it was refused, or that it was cancelled.</summary>
    public CallError? FailureOf(string jobId) => _calls.Find(call => call.CallId == jobId)?.Failure;

    /// <summary>The client has its answer.</summary>
    public void OnDelivered(string callId) => _calls.RemoveAll(call => call.CallId == callId);

    /// <summary>The client asks for it by its id: its cancel is void.</summary>
    /// <returns>Whether a daemon may have it.</returns>
    public bool TakeWanted(string callId)
    {
        var isKnown = _calls.Exists(call => call.CallId == callId && call.IsKnown);
        OnDelivered(callId);
        return isKnown;
    }

    /// <summary>A daemon's answer to one of them: it is in the journal, to be claimed. False when it answers none.</summary>
    /// <param name="retryAfterSecs">The daemon had no room for the call and has forgotten it; null for any other answer.</param>
    public bool TakeAnswer(RequestId id, ToolAnswer answer, double? retryAfterSecs)
    {
        var callId = answer.CallId;
        var answered = _calls.Find(call => call.Request?.Id == id && (callId is null || callId == call.CallId));
        if (answered is { IsPending: true, Request: { } request } && retryAfterSecs is >= 0 and < 100_000)
        {
            request.OnRefused(TimeSpan.FromSeconds(retryAfterSecs.Value), time);
        }
        else
        {
            answered?.OnAnswered(answer.Failure);
        }

        return answered is not null;
    }

    /// <summary>Hands a new connection what a daemon has to know, oldest first.</summary>
    /// <param name="callLimit">One whose call clock is over has ended in the daemon too: to send it would begin it anew.</param>
    public void Deliver(LinkSession session, bool draining, TimeSpan callLimit)
    {
        foreach (var call in _calls)
        {
            if (call.Request is not { } request || (draining && !request.Sent))
            {
                continue;
            }

            if (call.IsPending)
            {
                session.Send(request.Message, request.Files);
                request.OnSent(time);
                call.Tell(session);
            }
            else if (call.Cancel is { } cancel && time.GetElapsedTime(request.ReceivedAt) < callLimit)
            {
                session.Send(request.Message);
                call.Tell(session);
                session.Send(cancel);
                call.CancelSentAt = time.GetTimestamp();
            }
        }
    }

    /// <summary>What was written to the connection may not have been read: no cancel on it is certain.</summary>
    public void OnLinkDown()
    {
        foreach (var call in _calls)
        {
            call.CancelSentAt = null;
            call.Request?.OnUndeliverable(time);
        }
    }

    /// <summary>The one of those that were sent that has the most bytes.</summary>
    public PendingRequest? Longest => _calls.Where(call => call.Request is { Sent: true }).MaxBy(call => call.Request!.Message.Length)?.Request;

    /// <summary>A daemon cannot be given it.</summary>
    public void Fail(PendingRequest request, CallError error) => _calls.Find(call => call.Request == request)?.OnFailed(error);

    /// <summary>None of them can reach a daemon, and waiting would not help.</summary>
    public void FailUnsent(CallError error)
    {
        foreach (var call in _calls.Where(call => call is { IsPending: true, Request.Sent: false }))
        {
            call.OnFailed(error with { CallId = call.CallId });
        }
    }

    public void OnTick(TimeSpan callLimit, TimeSpan cancelHeardAfter, TimeSpan resultTtl, Func<PendingRequest, CallError> unreachable, LinkSession? session, bool draining)
    {
        _calls.RemoveAll(call => time.GetElapsedTime(call.DetachedAt) > resultTtl);
        foreach (var call in _calls)
        {
            if (call is { IsPending: true, Request: { } request } && request.Undelivered(time) > callLimit)
            {
                if (request.Sent)
                {
                    // The journal knows it, and whoever claims it finds out.
                    call.OnEnded();
                }
                else
                {
                    call.OnFailed(unreachable(request));
                }
            }
            else if (call is { IsPending: true, Request: { } refused } && session is not null && !draining && refused.RoomIn(time) <= TimeSpan.Zero)
            {
                session.Send(refused.Message);
                refused.OnSent(time);
                call.Tell(session);
            }
            else if (call.CancelSentAt is { } sent && time.GetElapsedTime(sent) > cancelHeardAfter)
            {
                call.OnEnded();
            }
        }
    }

    private void Add(DetachedCall call)
    {
        _calls.Add(call);
        if (_calls.Count > Most)
        {
            _calls.Remove(_calls.Find(old => !old.IsPending) ?? _calls[0]);
        }
    }

    /// <param name="IsPromised">The client was told its job id.</param>
    /// <param name="IsKnown">A daemon may have it.</param>
    internal sealed record RepeatedCall(string CallId, bool IsPromised, bool IsKnown);

    private sealed class DetachedCall(PendingRequest request, long detachedAt)
    {
        private readonly bool _wasPromised = request.IsPromised;
        private readonly RequestId _id = request.Id;
        private CallError? _failure;

        public string CallId { get; } = request.CallId!;

        public string Key { get; } = request.Shape!.Key;

        public long DetachedAt => detachedAt;

        /// <summary>What is sent to daemons; null once none needs it.</summary>
        public PendingRequest? Request { get; private set; } = request;

        /// <summary>The client's cancel; null when the client was told that the call runs on.</summary>
        public ReadOnlyMemory<byte>? Cancel { get; init; }

        /// <summary>The client was told its job id.</summary>
        public bool IsPromised => Cancel is null || _wasPromised;

        /// <summary>A daemon may have it, or has had it.</summary>
        public bool IsKnown => Request is not { Sent: false };

        /// <summary>A daemon has heard that nobody waits for it.</summary>
        public bool IsTold { get; set; }

        /// <summary>The client has its end.</summary>
        public bool IsDelivered { get; init; }

        /// <summary>When the connection that stands got the cancel.</summary>
        public long? CancelSentAt { get; set; }

        /// <summary>How it ended without a daemon.</summary>
        public CallError? End { get; private set; }

        /// <summary>What a daemon answered, if that was no success. To a cancelled call it answers nothing, be it that it took or that it refused it.</summary>
        public CallError? Failure => _failure ?? (Cancel is null ? null : new CallError
        {
            Code = ErrorCodes.Cancelled,
            CallId = CallId,
            Message = "The call was cancelled by its client, and no daemon has it.",
        });

        public bool IsPending => Request is not null && Cancel is null;

        /// <summary>Tells the daemon at the other end, after the call itself, that nobody waits for it.</summary>
        public void Tell(LinkSession session)
        {
            session.Send(RpcMessages.Detached(_id, again: IsTold));
            IsTold = true;
        }

        public void OnEnded() => (Request, CancelSentAt) = (null, null);

        public void OnAnswered(CallError? failure)
        {
            _failure = failure;
            OnEnded();
        }

        public void OnFailed(CallError error)
        {
            End = error;
            OnEnded();
        }
    }
}
