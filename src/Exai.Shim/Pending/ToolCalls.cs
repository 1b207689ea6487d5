using Exai.Files;
using Exai.Protocol;
using Exai.Shim.Eras;
using Exai.Shim.Files;
using Exai.Shim.Link;
using Exai.Shim.Messages;
using Exai.Shim.Stdio;

namespace Exai.Shim.Pending;

/// <summary>
/// The calls of tools, from the client's question to its one answer: each gets its call id here, waits for a daemon or for its room, is told as
/// a job when it lasts too long, or fails when waiting would not help. Belongs to the relay's one loop; not thread-safe.
/// </summary>
/// <param name="clientName">Who the client said it is in its handshake.</param>
internal sealed class ToolCalls(ShimSettings settings, ProtocolEra era, ClientAnswers answers, PendingTable pending, LinkState link, Func<string?> clientName, TimeProvider time)
{
    /// <summary>A call that was joined in the very moment in which it was cancelled.</summary>
    private static readonly TimeSpan JoinedTooLate = TimeSpan.FromSeconds(1);

    /// <param name="blobs">The files that go before it.</param>
    /// <returns>Whether it waits for a daemon.</returns>
    public bool Begin(Envelope request, IReadOnlyList<BlobSource> blobs)
    {
        var shape = CallShape.Of(request);
        if (shape.JobId is { } jobId && pending.Detached.EndOf(jobId) is { } end)
        {
            // It ended here, without a daemon: none knows it.
            Fail(request.Id!.Value, end);
            return false;
        }

        if (link.Session is null && link.Failure?.Kind.IsRefusal() == true)
        {
            // The next dial is not hastened by a call, so the call does not wait for it. After any other failure the dial that it brings on decides.
            Fail(request.Id!.Value, Hopeless()!);
            return false;
        }

        if (CallId.TryParse(request.ParamText("_meta", MetaKeys.CallId), out var given))
        {
            Forward(NewCall(request, shape, blobs, given, pending.Detached.TakeWanted(given), time.GetTimestamp()));
        }
        else if (!ToolCatalogue.IsRecomputed(shape.Tool) && pending.Detached.TakeRepeated(shape) is { } repeated)
        {
            Forward(NewCall(request, shape, blobs, repeated.CallId, repeated.IsKnown, time.GetTimestamp(), repeats: true, repeated.IsPromised));
        }
        else
        {
            Forward(NewCall(request, shape, blobs, CallId.New(time), isKnown: false, time.GetTimestamp()));
        }

        return true;
    }

    /// <summary>The client cancelled it: there is no answer.</summary>
    public void Cancel(PendingRequest call, ReadOnlyMemory<byte> notification)
    {
        if (!ToolCatalogue.IsRecomputed(call.Shape!.Tool))
        {
            pending.Detached.AddCancelled(call, notification, link.Session);
        }
        else if (call.Sent)
        {
            link.Session?.Send(notification);
        }
    }

    /// <summary>A daemon has answered it.</summary>
    public void OnAnswer(PendingRequest call, Envelope response)
    {
        var answer = new ToolAnswer(response);
        if (answer.CallId is { } answered && answered != call.CallId && pending.Detached.TakeAnswer(call.Id, answer, CapacityRefusal.RetryAfterSecs(response)))
        {
            // To an earlier call of the same request id, that the client gave up.
            return;
        }

        if (WaitsForRoom(call, response))
        {
            return;
        }

        if (answer.Code == ErrorCodes.InvalidArgument && call.Shape!.JobId is { } job && pending.IsUnsent(job))
        {
            // The daemon does not know the job, for it waits here.
            AnswerRunning(call, time.GetElapsedTime(call.ReceivedAt), settings.Current.Calls.Timeout);
            return;
        }

        if (answer.Code == ErrorCodes.InvalidArgument && call.Shape!.JobId is { } failed && pending.Detached.FailureOf(failed) is { } failure)
        {
            // Nor does it know a job that no daemon took.
            pending.Settle(call);
            Fail(call.Id, failure with { CallId = failed });
            return;
        }

        pending.Settle(call);
        if (call.Repeats && answer.Code == ErrorCodes.Cancelled && (answer.IsReplayed || time.GetElapsedTime(call.ReceivedAt) < JoinedTooLate))
        {
            // It asks again what had been given up for too long: that call has ended, for nobody wanted it. This one is wanted.
            var anew = NewCall(Envelope.Parse(call.Message), call.Shape!, call.Files?.Blobs ?? [], CallId.New(time), isKnown: false, call.ReceivedAt);
            anew.LastProgress = call.LastProgress;
            Forward(anew);
            return;
        }

        if (answer.OutcomeOf is { } delivered)
        {
            pending.Detached.OnDelivered(delivered);
        }

        if (call.IsPromised && answer.Failure is { } refused)
        {
            pending.Detached.AddRefused(call, refused);
        }

        answers.Answer(call.Id, Readable(call, response));
    }

    public void OnDialFailed(LinkException failure, long dialedAt, bool givingUp)
    {
        var error = Hopeless() ?? (givingUp
            ? new CallError { Code = ErrorCodes.DaemonUnavailable, Message = $"{failure.Message} The shim gave up after EXAI_WS_MAX_RETRIES attempts; the next call tries again." }
            : null);
        if (error is not null)
        {
            FailCalls(error, dialedAt);
        }
    }

    /// <summary>A daemon found a message too long and ended the link: sent again, it would end the next one too.</summary>
    public void FailLongest()
    {
        const string TheDaemons = "its own limit, which is lower than this shim's";
        var waiting = pending.All().Where(request => request.Sent).MaxBy(request => request.Message.Length);
        if (pending.Detached.Longest is { } detached && detached.Message.Length >= (waiting?.Message.Length ?? 0))
        {
            pending.Detached.Fail(detached, new CallError { Code = ErrorCodes.InvalidArgument, CallId = detached.CallId, Message = TooLongToSend(detached, TheDaemons) });
        }
        else if (waiting is not null)
        {
            pending.Settle(waiting);
            Refuse(waiting, ErrorCodes.InvalidArgument, TooLongToSend(waiting, TheDaemons));
        }
    }

    /// <summary>Time has passed for a call that its client waits for.</summary>
    public void OnTick(PendingRequest call)
    {
        var calls = settings.Current.Calls;
        var waited = time.GetElapsedTime(call.ReceivedAt);
        if (waited >= OutwaitedCall.Patience(call, call.ClientName ?? clientName(), calls.ClientWait))
        {
            AnswerRunning(call, waited, calls.Timeout);
        }
        else if (link.Session is not null && call.RoomIn(time) <= TimeSpan.Zero)
        {
            pending.Deliver(call, link.Session);
        }
        else if (call.Undelivered(time) is { } undelivered)
        {
            OnUndeliveredTick(call, undelivered, waited, calls.Timeout);
        }
    }

    /// <summary>Time has passed for those that nobody waits for.</summary>
    public void OnTickDetached()
    {
        var calls = settings.Current.Calls;
        pending.Detached.OnTick(calls.Timeout, CancelHeardAfter(), calls.ResultTtl, call => Unreachable(call, calls.Timeout), link.Session, pending.DaemonDrains);
    }

    /// <summary>Takes a request that a daemon has to answer, of any kind, and hands it to the link.</summary>
    public void Forward(PendingRequest request)
    {
        if (pending.IsFull)
        {
            Refuse(request, ErrorCodes.OverCapacity, $"{PendingTable.Most:N0} requests wait for an answer already. Wait for some of them, or cancel them.");
        }
        else if (request.Message.Length > settings.Current.Link.MaxBytes)
        {
            Refuse(request, ErrorCodes.InvalidArgument, TooLongToSend(request, $"{settings.Current.Link.MaxBytes:N0} bytes"));
        }
        else
        {
            pending.Add(request);
            pending.Deliver(request, link.Session);
        }
    }

    /// <summary>The response as its client can read it: one line, of a length that clients take.</summary>
    public ReadOnlyMemory<byte> Readable(PendingRequest request, Envelope response) =>
        response.Bytes.Length <= RpcMessages.LongestLine ? JsonSlice.OnOneLine(response.Bytes) : TooLong(request, response.Bytes.Length);

    /// <summary>Answers a call with a failure.</summary>
    public void Fail(RequestId id, CallError error) => answers.Answer(id, Failure(id, error));

    /// <param name="isKnown">A daemon may have the call already.</param>
    /// <param name="repeats">It asks again what the client had given up.</param>
    /// <param name="isPromised">The client was told its id as a job's.</param>
    private PendingRequest NewCall(
        Envelope request, CallShape shape, IReadOnlyList<BlobSource> blobs, string callId, bool isKnown, long receivedAt, bool repeats = false, bool isPromised = false) =>
        new(request.Id!.Value, PendingKind.Call, WithCallId(request, callId), PendingRequest.TokenOf(request), receivedAt, isKnown)
        {
            CallId = callId,
            Shape = shape,
            Files = new CallFiles(blobs, request.ParamText("arguments", "continuation_id"), isKnown),
            ClientName = era.ClientName(request),
            WaitAsked = shape.JobId is null ? null : CallShape.WaitAsked(request),
            Repeats = repeats,
            IsPromised = isPromised,
        };

    /// <summary>The same bytes with the call's id in their <c>_meta</c>.</summary>
    private static ReadOnlyMemory<byte> WithCallId(Envelope request, string callId)
    {
        if (request.ParamText("_meta", MetaKeys.CallId) == callId)
        {
            return request.Bytes;
        }

        var bytes = request.Bytes;
        var (meta, metaStart) = JsonSlice.Member(bytes[request.ParamsStart..], "_meta");
        return !meta.IsEmpty && meta.Span[0] == (byte)'{'
            ? JsonSlice.SetMember(bytes, request.ParamsStart + metaStart, MetaKeys.CallId, $"\"{callId}\"")
            : JsonSlice.SetMember(bytes, request.ParamsStart, "_meta", $"{{\"{MetaKeys.CallId}\":\"{callId}\"}}");
    }

    /// <summary>A daemon that had no room for the call gets it again when it said, if the call clock allows; else the client hears of it.</summary>
    private bool WaitsForRoom(PendingRequest call, Envelope response)
    {
        var left = settings.Current.Calls.Timeout - time.GetElapsedTime(call.ReceivedAt);
        if (CapacityRefusal.RetryAfterSecs(response) is not { } seconds || !(seconds >= 0 && seconds < left.TotalSeconds))
        {
            return false;
        }

        call.OnRefused(TimeSpan.FromSeconds(seconds), time);
        return true;
    }

    /// <summary>A cancel that was sent on a connection which stood so long has been read, and acted on.</summary>
    private TimeSpan CancelHeardAfter()
    {
        var (grace, certain) = (settings.Current.Calls.CancelGrace, LinkSession.Certainty(settings.Current.Link));
        return (grace > certain ? grace : certain) + TimeSpan.FromSeconds(5);
    }

    private void OnUndeliveredTick(PendingRequest call, TimeSpan undelivered, TimeSpan waited, TimeSpan limit)
    {
        if (undelivered > limit)
        {
            pending.Settle(call);
            Fail(call.Id, Unreachable(call, limit));
            return;
        }

        // A daemon may have counted further than this clock.
        var progress = Math.Round(Math.Max(waited.TotalSeconds, call.LastProgress + 0.001), 3);
        if (call.MayReport(progress, settings.Current.Link.ProgressInterval, time))
        {
            answers.Mention(RpcMessages.Progress(call.ProgressToken, progress, WhyWaiting(call)));
        }
    }

    /// <summary>The client will not wait any longer: it learns how to get the answer, and the call goes on.</summary>
    private void AnswerRunning(PendingRequest call, TimeSpan waited, TimeSpan limit)
    {
        pending.Settle(call);
        var accepted = call.Shape!.JobId is { } job ? !pending.IsUnsent(job) : call.Sent;
        var waiting = call.Undelivered(time) is null ? null : WhyWaiting(call);
        if (!ToolCatalogue.IsRecomputed(call.Shape.Tool))
        {
            pending.Detached.AddRunning(call, link.Session);
        }

        answers.Answer(call.Id, RpcMessages.Result(call.Id, era.Shape(OutwaitedCall.Answer(call, waited, waiting, accepted, limit))));
    }

    /// <summary>A call that came after the dial began has not had its attempt: its wake brings the next one at once.</summary>
    private void FailCalls(CallError error, long dialedAt)
    {
        pending.Detached.FailUnsent(error);
        foreach (var call in pending.All().Where(request => request.Kind == PendingKind.Call && request.ReceivedAt <= dialedAt))
        {
            pending.Settle(call);
            Fail(call.Id, error with { CallId = call.CallId });
        }
    }

    private void Refuse(PendingRequest request, string code, string why) => answers.Answer(request.Id, request.Kind == PendingKind.Call
        ? Failure(request.Id, new CallError { Code = code, CallId = request.CallId, Message = why })
        : RpcMessages.Error(request.Id, -32603, why));

    /// <summary>Why waiting for a daemon would not help, after the last dial; null when one may appear by itself.</summary>
    private CallError? Hopeless() => link.Failure?.Kind switch
    {
        LinkFailure.Unauthorized => new CallError { Code = ErrorCodes.Unauthorized, Message = link.Failure.Message },
        LinkFailure.Untrusted => new CallError { Code = ErrorCodes.DaemonUnavailable, Message = $"{link.Failure.Message} Nothing needs a restart." },
        LinkFailure.VersionRefused => new CallError { Code = ErrorCodes.DaemonUnavailable, Message = link.Failure.Message },
        not null when settings.Problems is { } problems => new CallError
        {
            Code = ErrorCodes.ConfigInvalid,
            Message = $"The settings have problems, and no daemon runs:\n{problems}\nMend them and call again; nothing needs a restart.",
        },
        LinkFailure.DaemonDied => new CallError { Code = ErrorCodes.DaemonUnavailable, Message = $"{link.Failure.Message}\nMend the cause and call again; nothing needs a restart." },
        _ => null,
    };

    private CallError Unreachable(PendingRequest call, TimeSpan limit) => new()
    {
        Code = call.RoomIn(time) is null ? ErrorCodes.DaemonUnavailable : ErrorCodes.OverCapacity,
        Clock = Clocks.Call,
        CallId = call.CallId,
        Message = call.RoomIn(time) is not null ? $"The daemon had no room for the call in {limit.TotalSeconds:0} s (EXAI_CALL_TIMEOUT_SECS). Ask again when fewer calls run."
            : $"No daemon could be reached for {limit.TotalSeconds:0} s (EXAI_CALL_TIMEOUT_SECS). {link.Failure?.Message} Run 'exai daemon' to see why.",
    };

    private string WhyWaiting(PendingRequest request)
    {
        const int LongestNote = 200;
        if (link.Session is not null && request.RoomIn(time) is { } wait)
        {
            return $"the queue is full for this session; sent again in {Math.Max(1, Math.Ceiling(wait.TotalSeconds)):0} s";
        }

        // Nobody at the address is the usual state between two daemons; anything else is worth telling.
        var note = (request.Sent ? "daemon restarting, call is safe" : "waiting for the daemon")
            + (link.Failure is { Kind: not LinkFailure.Unreachable } ? $": {link.Failure.Message}" : "");
        return note.Length <= LongestNote ? note : note[..(LongestNote - 1)] + "…";
    }

    private static string TooLongToSend(PendingRequest request, string most) =>
        $"The message to the daemon has {request.Message.Length:N0} bytes, more than it takes: {most} (EXAI_WS_MAX_BYTES). Ask with less, or name files by their paths.";

    private byte[] TooLong(PendingRequest request, int bytes)
    {
        var message = $"The result has {bytes:N0} bytes, more than a client can read in one message ({RpcMessages.LongestLine:N0}). Ask for less at once.";
        return request.Kind == PendingKind.Call
            ? Failure(request.Id, new CallError { Code = ErrorCodes.InternalError, CallId = request.CallId, Message = message })
            : RpcMessages.Error(request.Id, -32603, message);
    }

    /// <summary>A call's failure, as its client reads it.</summary>
    private byte[] Failure(RequestId id, CallError error) => RpcMessages.Result(id, era.Shape(ToolResults.Failure(error)));
}
