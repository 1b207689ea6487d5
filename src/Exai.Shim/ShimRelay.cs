using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Exai.Protocol;
using Exai.Shim.Eras;
using Exai.Files;
using Exai.Shim.Files;
using Exai.Shim.Lifecycle;
using Exai.Shim.Link;
using Exai.Shim.Messages;
using Exai.Shim.Pending;
using Exai.Shim.Stdio;
using Microsoft.Extensions.Logging;

namespace Exai.Shim;

/// <summary>
/// The shim's heart: one loop through which everything passes that a client, the link or a clock says, so that nothing here needs a lock.
/// <list type="number">
/// <item>What must never wait is answered here: initialize, ping, lists while the link is not ready.</item>
/// <item>A call gets its call id and is kept until its result is on stdout.</item>
/// <item>On every new connection all pending calls are sent again, unchanged; the daemon attaches them.</item>
/// <item>A client gets exactly one response per request id, and no progress after it.</item>
/// </list>
/// Each protocol era has a relay of its own (<see cref="EraRouter"/>); <see cref="ProtocolEra"/> says what they do differently.
/// </summary>
internal sealed class ShimRelay(ShimSettings settings, ProtocolEra era, ToolListCache toolCache, LineWriter output, string ownIdPrefix, TimeProvider time, ILogger logger) : ILinkEvents
{
    /// <summary>A list that a daemon does not answer in this time comes from the cache.</summary>
    private static readonly TimeSpan ListPatience = TimeSpan.FromSeconds(5);

    /// <summary>A call that was joined in the very moment in which it was cancelled.</summary>
    private static readonly TimeSpan JoinedTooLate = TimeSpan.FromSeconds(1);

    /// <summary>So much may wait to be dealt with, or to be read by the client, before no more is read.</summary>
    private const int MostEvents = 4000;

    private static readonly TimeSpan RoomPoll = TimeSpan.FromMilliseconds(20);

    // Not SingleReader: such a channel cannot be counted. Whoever posts while the loop sleeps runs it: nothing in it waits, and another thread would have to be woken.
    private readonly Channel<Action> _events = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { AllowSynchronousContinuations = true });
    private readonly ClientAnswers _answers = new(output);
    private readonly PendingTable _pending = new(time);
    private readonly ServerRequests _serverRequests = new();
    private readonly Handshake _handshake = new(ownIdPrefix);
    private readonly Subscriptions _subscriptions = new();
    private readonly ShownTools _tools = new(era, toolCache, ownIdPrefix, time);
    private readonly ClientRoots _roots = new(era.HasHandshake, ownIdPrefix, time);

    private LinkSession? _session;
    private LinkException? _failure;
    private bool _clientInitialized;

    /// <summary>Called for each client message that a daemon has to answer; set before the first message.</summary>
    public required Action Wake { get; init; }

    /// <summary>The <c>initialize</c> that has its answer; null once it has come by here.</summary>
    public RequestId? AnsweredEarly { get; set; }

    public bool CallsPending => _pending.CallsPending;

    public bool DaemonNeeded => _pending.DaemonNeeded;

    private FileDesk Files => field ??= new FileDesk(
        toolCache.Read, _roots, () => (settings.Current.Home.Path, settings.Current.Tools.AllowedRoots), new GitRunner(), Post, time);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var ticking = Task.CompletedTask;
        try
        {
            while (await _events.Reader.WaitToReadAsync(cancellationToken))
            {
                // Not before: most clients speak one era, and the other's relay has nothing to do.
                ticking = ticking.IsCompleted ? TickAsync(cancellationToken) : ticking;
                while (_events.Reader.TryRead(out var happened))
                {
                    Handle(happened);
                }
            }
        }
        finally
        {
            await Files.EndAsync();
        }

        await ticking;
    }

    /// <param name="line">A client's line; null for one that was too long to read.</param>
    public void ClientLine(byte[]? line) => Post(() => OnClientLine(line));

    /// <summary>Completes when the relay can take more: at once, but for a flood, or a client that sends and does not read.</summary>
    public async ValueTask ClientRoomAsync(CancellationToken cancellationToken)
    {
        while (_events.Reader.Count > MostEvents || output.Unread > MostEvents)
        {
            await Task.Delay(RoomPoll, time, cancellationToken);
        }
    }

    /// <summary>Completes when everything that has been said so far is dealt with, or the token fires.</summary>
    public async Task SettledAsync(CancellationToken cancellationToken)
    {
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() => settled.TrySetResult());
        await using var limit = cancellationToken.Register(() => settled.TrySetResult());
        await settled.Task;
    }

    ProtocolEra ILinkEvents.Era => era;

    IReadOnlyList<ReadOnlyMemory<byte>> ILinkEvents.Replay(RequestId initializeId) => era.HasHandshake ? _handshake.Replay(initializeId) : [];

    void ILinkEvents.LinkReady(LinkSession session, IReadOnlyList<byte[]> early) => Post(() => OnLinkReady(session, early));

    void ILinkEvents.LinkMessage(LinkSession session, byte[] message) => Post(() =>
    {
        if (session == _session)
        {
            OnDaemonMessage(message);
        }
    });

    async ValueTask ILinkEvents.LinkRoomAsync(CancellationToken cancellationToken)
    {
        while (_events.Reader.Count > MostEvents)
        {
            await Task.Delay(RoomPoll, time, cancellationToken);
        }
    }

    void ILinkEvents.LinkDown(LinkSession session) => Post(() => OnLinkDown(session));

    void ILinkEvents.DialFailed(LinkException failure, long dialedAt, bool givingUp) => Post(() => OnDialFailed(failure, dialedAt, givingUp));

    private void Handle(Action happened)
    {
        try
        {
            happened();
        }
        catch (Exception failure)
        {
            // One message that meets a defect must not end a shim that others rely on.
            LinkLog.RelayDefect(logger, failure);
        }

        _pending.OnChanged();
    }

    private void Post(Action happened) => _events.Writer.TryWrite(happened);

    // ── From the client ──────────────────────────────────────────────────────────────────────────────────────────────

    private void OnClientLine(byte[]? line)
    {
        if (line is null)
        {
            _answers.Refuse(RpcMessages.Error(null, -32600, $"Invalid request: the line is longer than {settings.Current.Link.MaxBytes:N0} bytes (EXAI_WS_MAX_BYTES)."));
            return;
        }

        if (line[0] == (byte)'[' && _handshake.HasBatches && TryElements(line) is { Count: > 0 } batch)
        {
            _answers.ReadBatch(batch, OnClientMessage);
        }
        else
        {
            OnClientMessage(line);
        }
    }

    /// <summary>The messages of a batch; null when the line is no JSON.</summary>
    private static List<ReadOnlyMemory<byte>>? TryElements(byte[] line)
    {
        try
        {
            return JsonSlice.Elements(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void OnClientMessage(ReadOnlyMemory<byte> bytes)
    {
        Envelope message;
        try
        {
            message = Envelope.Parse(bytes);
        }
        catch (MalformedMessageException malformed)
        {
            _answers.Refuse(RpcMessages.Error(malformed.Id, malformed.Code, malformed.Message));
            return;
        }

        switch (message.Kind)
        {
            case MessageKind.Request:
                OnClientRequest(message);
                break;
            case MessageKind.Notification:
                OnClientNotification(message);
                break;
            case MessageKind.Response when _roots.Take(message):
                break;
            case MessageKind.Response when _serverRequests.Answer(message) is { } answer:
                _session?.Send(answer);
                break;
        }
    }

    private void OnClientRequest(Envelope request)
    {
        var id = request.Id!.Value;
        if (_pending.Contains(id) || Files.Contains(id) || _subscriptions.Contains(id))
        {
            _answers.Refuse(RpcMessages.Error(id, -32600, $"Invalid request: the id {id.ToJson()} belongs to a request that is still running."));
            return;
        }

        _answers.Expect(id);
        if (era.Refusal(request) is { } refusal)
        {
            _answers.Answer(id, refusal);
            return;
        }

        switch (request.Method)
        {
            case "initialize":
                OnInitialize(request);
                break;
            case "ping":
                _answers.Answer(id, RpcMessages.Result(id, "{}"));
                break;
            case "logging/setLevel":
                _handshake.OnLogLevel(request);
                _answers.Answer(id, RpcMessages.Result(id, "{}"));
                SendLogLevel();
                break;
            case ModernProtocol.Discover:
                LinkLog.Serving(logger, Product.Version, era.ClientName(request) ?? "an unnamed client");
                _answers.Answer(id, RpcMessages.Result(id, ModernResults.Discover()));
                Wake();
                break;
            case ModernProtocol.Listen:
                OnListen(request);
                break;
            case "tools/list" when _session is null:
                AnswerListFromCache(id);
                Wake();
                break;
            case "tools/list":
                Forward(new PendingRequest(id, PendingKind.List, request.Bytes, default, time.GetTimestamp()));
                break;
            case "tools/call" when request.ParamsStart >= 0:
                if (!Files.Take(request, OnCall, error => Fail(id, error)))
                {
                    OnCall(request, []);
                }

                break;
            case "prompts/list" when _session is null:
                _answers.Answer(id, RpcMessages.Result(id, era.ShapeList(PromptCatalogue.ListResult(settings.Current.Tools.Offered))));
                Wake();
                break;
            case "prompts/get" when _session is null:
                OnPrompt(request);
                Wake();
                break;
            case "resources/list":
                _answers.Answer(id, RpcMessages.Result(id, era.ShapeList(new JsonObject { ["resources"] = new JsonArray() })));
                break;
            case "resources/templates/list":
                _answers.Answer(id, RpcMessages.Result(id, era.ShapeList(new JsonObject { ["resourceTemplates"] = new JsonArray() })));
                break;
            case var method when _session is null:
                _answers.Answer(id, RpcMessages.Error(id, -32603, $"'{method}' needs the EXAI daemon, which is not reachable now. {_failure?.Message}".TrimEnd()));
                Wake();
                break;
            default:
                Forward(new PendingRequest(id, PendingKind.Other, request.Bytes, ProgressToken(request), time.GetTimestamp()));
                break;
        }
    }

    private void OnInitialize(Envelope request)
    {
        _handshake.OnInitialize(request);
        _roots.OnInitialize(request);
        LinkLog.Serving(logger, Product.Version, request.ParamText("clientInfo", "name") ?? "an unnamed client");
        if (AnsweredEarly is { } answered && answered == request.Id)
        {
            AnsweredEarly = null;
            _answers.Forget(answered);
        }
        else
        {
            _answers.Answer(request.Id!.Value, EarlyAnswer.Answer(request, request.Id!.Value));
        }

        Wake();
    }

    /// <summary>Prompts are text that this program holds: they need no daemon.</summary>
    private void OnPrompt(Envelope request)
    {
        var id = request.Id!.Value;
        var name = request.ParamText("name") ?? "";
        _answers.Answer(id, PromptCatalogue.GetResult(settings.Current.Tools.Offered, name, request.ParamText("arguments", PromptCatalogue.Argument)) is { } prompt
            ? RpcMessages.Result(id, era.Shape(prompt))
            : RpcMessages.Error(id, -32602, $"There is no prompt '{name}'; prompts/list names them."));
    }

    private void SendLogLevel()
    {
        if (_handshake.LogLevel is { } level)
        {
            _session?.Send(level);
        }
    }

    /// <param name="blobs">The files that go before it.</param>
    private void OnCall(Envelope request, IReadOnlyList<BlobSource> blobs)
    {
        var shape = CallShape.Of(request);
        if (shape.JobId is { } jobId && _pending.Detached.EndOf(jobId) is { } end)
        {
            // It ended here, without a daemon: none knows it.
            Fail(request.Id!.Value, end);
            return;
        }

        if (_session is null && _failure is { Kind: LinkFailure.Unauthorized })
        {
            // The next dial is not hastened by a call, so the call does not wait for it. After any other failure the dial that it brings on decides.
            Fail(request.Id!.Value, Hopeless()!);
            return;
        }

        if (CallId.TryParse(request.ParamText("_meta", MetaKeys.CallId), out var given))
        {
            Forward(NewCall(request, shape, blobs, given, _pending.Detached.TakeWanted(given), time.GetTimestamp()));
        }
        else if (!ToolCatalogue.IsRecomputed(shape.Tool) && _pending.Detached.TakeRepeated(shape) is { } repeated)
        {
            Forward(NewCall(request, shape, blobs, repeated.CallId, repeated.IsKnown, time.GetTimestamp(), repeats: true, repeated.IsPromised));
        }
        else
        {
            Forward(NewCall(request, shape, blobs, CallId.New(time), isKnown: false, time.GetTimestamp()));
        }

        Wake();
    }

    /// <param name="isKnown">A daemon may have the call already.</param>
    /// <param name="repeats">It asks again what the client had given up.</param>
    /// <param name="isPromised">The client was told its id as a job's.</param>
    private PendingRequest NewCall(
        Envelope request, CallShape shape, IReadOnlyList<BlobSource> blobs, string callId, bool isKnown, long receivedAt, bool repeats = false, bool isPromised = false) =>
        new(request.Id!.Value, PendingKind.Call, WithCallId(request, callId), ProgressToken(request), receivedAt, isKnown)
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

    /// <summary>A string or a number; some clients write null for none.</summary>
    private static ReadOnlyMemory<byte> ProgressToken(Envelope request)
    {
        var token = request.Param("_meta", "progressToken");
        return !token.IsEmpty && token.Span[0] is (byte)'"' or (byte)'-' or (>= (byte)'0' and <= (byte)'9') ? token : default;
    }

    private void OnClientNotification(Envelope notification)
    {
        switch (notification.Method)
        {
            case "notifications/initialized":
                // The link replays it by itself; here it opens the way for list_changed.
                _clientInitialized = true;
                TellListChanged();
                AskForRoots();
                break;
            case "notifications/roots/list_changed":
                AskForRoots();
                _session?.Send(notification.Bytes);
                break;
            case "notifications/cancelled":
                OnClientCancel(notification);
                break;
            default:
                _session?.Send(notification.Bytes);
                break;
        }
    }

    private void AskForRoots()
    {
        if (_roots.NewRequest() is { } question)
        {
            _answers.Tell(question);
        }
    }

    private void OnListen(Envelope request)
    {
        var id = request.Id!.Value;
        if (request.Param("notifications") is not { IsEmpty: false, Span: [(byte)'{', ..] })
        {
            _answers.Answer(id, RpcMessages.Error(id, -32602, "params.notifications must be an object: which notifications are wanted, as {\"toolsListChanged\": true}."));
            return;
        }

        if (_subscriptions.IsFull)
        {
            _answers.Answer(id, RpcMessages.Error(id, -32603, $"{Subscriptions.Most} subscriptions are open already. Cancel some of them."));
            return;
        }

        _answers.Tell(_subscriptions.Add(request));
        _session?.Send(request.Bytes);
        TellListChanged();
        Wake();
    }

    private void OnClientCancel(Envelope notification)
    {
        if (RequestId.Parse(notification.Param("requestId").Span) is { } subscription && _subscriptions.Remove(subscription))
        {
            _session?.Send(notification.Bytes);
            return;
        }

        if (RequestId.Parse(notification.Param("requestId").Span) is { } asked && Files.Cancel(asked))
        {
            // Nobody else knows of it.
            _answers.Forget(asked);
            return;
        }

        if (RequestId.Parse(notification.Param("requestId").Span) is { } id && _pending.Find(id) is { } request)
        {
            _pending.Settle(request);
            _answers.Forget(id);
            if (request.Kind == PendingKind.Call && !ToolCatalogue.IsRecomputed(request.Shape!.Tool))
            {
                _pending.Detached.AddCancelled(request, notification.Bytes, _session);
            }
            else if (request.Sent)
            {
                _session?.Send(notification.Bytes);
            }
        }
    }

    // ── From the link ────────────────────────────────────────────────────────────────────────────────────────────────

    private void OnLinkReady(LinkSession session, IReadOnlyList<byte[]> early)
    {
        if (_session is { } former)
        {
            // The link moved on before its daemon had ended.
            OnLinkDown(former);
        }

        (_session, _failure, _pending.DaemonDrains) = (session, null, false);
        _tools.OnConnectionChanged(session.DaemonVersion);
        _serverRequests.BeginEpoch();
        if (_handshake.LogLevelMissed)
        {
            SendLogLevel();
        }

        foreach (var message in early)
        {
            OnDaemonMessage(message);
        }

        foreach (var listen in _subscriptions.Requests)
        {
            session.Send(listen);
        }

        _pending.DeliverAll(session, settings.Current.Calls.Timeout);
        RequestOwnList();
    }

    private void OnLinkDown(LinkSession session)
    {
        if (session != _session)
        {
            return;
        }

        _session = null;
        _tools.OnConnectionChanged(daemonVersion: null);
        foreach (var cancelled in _serverRequests.EndEpoch())
        {
            _answers.Tell(cancelled);
        }

        if (session.CloseCode is LinkContract.TooBigCloseCode)
        {
            // Sent again, it would end the next connection too.
            FailLongest();
        }

        _pending.Detached.OnLinkDown();
        foreach (var request in _pending.All())
        {
            if (request.Kind == PendingKind.Call)
            {
                request.OnUndeliverable(time);
                continue;
            }

            _pending.Settle(request);
            if (request.Kind == PendingKind.List)
            {
                AnswerListFromCache(request.Id);
            }
            else
            {
                _answers.Answer(request.Id, RpcMessages.Error(request.Id, -32603, "The link to the EXAI daemon was lost before it answered. Send the request again."));
            }
        }
    }

    private void FailLongest()
    {
        const string TheDaemons = "its own limit, which is lower than this shim's";
        var waiting = _pending.All().Where(request => request.Sent).MaxBy(request => request.Message.Length);
        if (_pending.Detached.Longest is { } detached && detached.Message.Length >= (waiting?.Message.Length ?? 0))
        {
            _pending.Detached.Fail(detached, new CallError { Code = ErrorCodes.InvalidArgument, CallId = detached.CallId, Message = TooLongToSend(detached, TheDaemons) });
        }
        else if (waiting is not null)
        {
            _pending.Settle(waiting);
            Refuse(waiting, ErrorCodes.InvalidArgument, TooLongToSend(waiting, TheDaemons));
        }
    }

    private void OnDialFailed(LinkException failure, long dialedAt, bool givingUp)
    {
        _failure = failure;
        var error = Hopeless() ?? (givingUp
            ? new CallError { Code = ErrorCodes.DaemonUnavailable, Message = $"{failure.Message} The shim gave up after EXAI_WS_MAX_RETRIES attempts; the next call tries again." }
            : null);
        if (error is not null)
        {
            FailCalls(error, dialedAt);
        }
    }

    private void OnDaemonMessage(byte[] bytes)
    {
        Envelope message;
        try
        {
            message = Envelope.Parse(bytes);
        }
        catch (MalformedMessageException)
        {
            return;
        }

        switch (message.Kind)
        {
            case MessageKind.Response:
                OnDaemonResponse(message);
                break;
            case MessageKind.Request when bytes.Length > RpcMessages.LongestLine:
                _session?.Send(RpcMessages.Error(message.Id, -32603, $"The request has {bytes.Length:N0} bytes, more than a client can read in one message."));
                break;
            case MessageKind.Request:
                _answers.Tell(JsonSlice.OnOneLine(_serverRequests.Forward(message)));
                break;
            case MessageKind.Notification when message.Method == "notifications/cancelled":
                if (_serverRequests.Cancel(message) is { } cancelled)
                {
                    _answers.Tell(JsonSlice.OnOneLine(cancelled));
                }

                break;
            case MessageKind.Notification when message.Method == "notifications/progress":
                OnDaemonProgress(message);
                break;
            case MessageKind.Notification when message.Method == LinkContract.DrainingNotification:
                _pending.DaemonDrains = true;
                _session?.OnDraining();
                break;
            case MessageKind.Notification when message.Method == "notifications/tools/list_changed":
                // The shim tells the client itself, once, when it has seen that the list is another.
                _tools.OnChanged();
                break;
            case MessageKind.Notification when message.Method == ModernProtocol.Acknowledged:
                // The client has the shim's.
                break;
            case MessageKind.Notification when bytes.Length <= RpcMessages.LongestLine:
                _answers.Mention(JsonSlice.OnOneLine(message.Bytes));
                break;
        }
    }

    private void OnDaemonResponse(Envelope response)
    {
        var id = response.Id!.Value;
        if (_subscriptions.Contains(id))
        {
            // A daemon ends it when it ends itself; the client's goes on with the next one.
            return;
        }

        if (_tools.TakeOwn(response))
        {
            TellListChanged();
        }
        else if (_pending.Find(id) is { Kind: PendingKind.Call } call)
        {
            OnToolAnswer(call, response);
        }
        else if (_pending.Find(id) is { } request)
        {
            _pending.Settle(request);
            if (request.Kind == PendingKind.List && (!ShownTools.IsList(response) || response.Bytes.Length > RpcMessages.LongestLine))
            {
                AnswerListFromCache(id);
                return;
            }

            if (request.Kind == PendingKind.List)
            {
                _tools.Show(response);
            }

            _answers.Answer(id, Readable(request, response));
        }
        else
        {
            _pending.Detached.TakeAnswer(id, new ToolAnswer(response), CapacityRefusal.RetryAfterSecs(response));
        }

        // Anything else is late or doubled: its request has been answered or cancelled.
    }

    private void OnToolAnswer(PendingRequest call, Envelope response)
    {
        var answer = new ToolAnswer(response);
        if (answer.CallId is { } answered && answered != call.CallId && _pending.Detached.TakeAnswer(call.Id, answer, CapacityRefusal.RetryAfterSecs(response)))
        {
            // To an earlier call of the same request id, that the client gave up.
            return;
        }

        if (WaitsForRoom(call, response))
        {
            return;
        }

        if (answer.Code == ErrorCodes.InvalidArgument && call.Shape!.JobId is { } job && _pending.IsUnsent(job))
        {
            // The daemon does not know the job, for it waits here.
            AnswerRunning(call, time.GetElapsedTime(call.ReceivedAt), settings.Current.Calls.Timeout);
            return;
        }

        if (answer.Code == ErrorCodes.InvalidArgument && call.Shape!.JobId is { } failed && _pending.Detached.FailureOf(failed) is { } failure)
        {
            // Nor does it know a job that no daemon took.
            _pending.Settle(call);
            Fail(call.Id, failure with { CallId = failed });
            return;
        }

        _pending.Settle(call);
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
            _pending.Detached.OnDelivered(delivered);
        }

        if (call.IsPromised && answer.Failure is { } refused)
        {
            _pending.Detached.AddRefused(call, refused);
        }

        _answers.Answer(call.Id, Readable(call, response));
    }

    private ReadOnlyMemory<byte> Readable(PendingRequest request, Envelope response) =>
        response.Bytes.Length <= RpcMessages.LongestLine ? JsonSlice.OnOneLine(response.Bytes) : TooLong(request, response.Bytes.Length);

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

    private void OnDaemonProgress(Envelope notification)
    {
        var request = _pending.FindByToken(notification.Param("progressToken"));
        if (request is not null && notification.ParamText("message") is { } note)
        {
            request.LastNote = note;
        }

        var value = JsonSlice.Number(notification.Param("progress"));
        if (request is not null && value is { } progress && MayReport(request, progress))
        {
            _answers.Mention(JsonSlice.OnOneLine(notification.Bytes));
        }
    }

    // ── Clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500), time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                if (_pending.CallsPending || _pending.Detached.AnyTimed || _tools.HasChanged)
                {
                    Post(OnTick);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The shim leaves.
        }
    }

    private void OnTick()
    {
        if (_tools.IsDue)
        {
            RequestOwnList();
        }

        var calls = settings.Current.Calls;
        var limit = calls.Timeout;
        _pending.Detached.OnTick(limit, CancelHeardAfter(), calls.ResultTtl, call => Unreachable(call, limit), _session, _pending.DaemonDrains);
        foreach (var request in _pending.All())
        {
            var waited = time.GetElapsedTime(request.ReceivedAt);
            switch (request.Kind)
            {
                case PendingKind.List when waited > ListPatience:
                    _pending.Settle(request);
                    AnswerListFromCache(request.Id);
                    break;
                case PendingKind.Other when waited > limit:
                    _pending.Settle(request);
                    _answers.Answer(request.Id, RpcMessages.Error(request.Id, -32603, $"The EXAI daemon did not answer within {limit.TotalSeconds:0} s (EXAI_CALL_TIMEOUT_SECS)."));
                    break;
                case PendingKind.Call when waited >= OutwaitedCall.Patience(request, request.ClientName ?? _handshake.ClientName, calls.ClientWait):
                    AnswerRunning(request, waited, limit);
                    break;
                case PendingKind.Call when _session is not null && request.RoomIn(time) <= TimeSpan.Zero:
                    _pending.Deliver(request, _session);
                    break;
                case PendingKind.Call when request.Undelivered(time) is { } undelivered:
                    OnUndeliveredTick(request, undelivered, waited, limit);
                    break;
            }
        }
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
            _pending.Settle(call);
            Fail(call.Id, Unreachable(call, limit));
            return;
        }

        // A daemon may have counted further than this clock.
        var progress = Math.Round(Math.Max(waited.TotalSeconds, call.LastProgress + 0.001), 3);
        if (MayReport(call, progress))
        {
            _answers.Mention(RpcMessages.Progress(call.ProgressToken, progress, WhyWaiting(call)));
        }
    }

    /// <summary>The client will not wait any longer: it learns how to get the answer, and the call goes on.</summary>
    private void AnswerRunning(PendingRequest call, TimeSpan waited, TimeSpan limit)
    {
        _pending.Settle(call);
        var accepted = call.Shape!.JobId is { } job ? !_pending.IsUnsent(job) : call.Sent;
        var waiting = call.Undelivered(time) is null ? null : WhyWaiting(call);
        if (!ToolCatalogue.IsRecomputed(call.Shape.Tool))
        {
            _pending.Detached.AddRunning(call, _session);
        }

        _answers.Answer(call.Id, RpcMessages.Result(call.Id, era.Shape(OutwaitedCall.Answer(call, waited, waiting, accepted, limit))));
    }

    private CallError Unreachable(PendingRequest call, TimeSpan limit) => new()
    {
        Code = call.RoomIn(time) is null ? ErrorCodes.DaemonUnavailable : ErrorCodes.OverCapacity,
        Clock = Clocks.Call,
        CallId = call.CallId,
        Message = call.RoomIn(time) is not null ? $"The daemon had no room for the call in {limit.TotalSeconds:0} s (EXAI_CALL_TIMEOUT_SECS). Ask again when fewer calls run."
            : $"No daemon could be reached for {limit.TotalSeconds:0} s (EXAI_CALL_TIMEOUT_SECS). {_failure?.Message} Run 'exai daemon' to see why.",
    };

    // ── Shared ───────────────────────────────────────────────────────────────────────────────────────────────────────

    private void Forward(PendingRequest request)
    {
        if (_pending.IsFull)
        {
            Refuse(request, ErrorCodes.OverCapacity, $"{PendingTable.Most:N0} requests wait for an answer already. Wait for some of them, or cancel them.");
        }
        else if (request.Message.Length > settings.Current.Link.MaxBytes)
        {
            Refuse(request, ErrorCodes.InvalidArgument, TooLongToSend(request, $"{settings.Current.Link.MaxBytes:N0} bytes"));
        }
        else
        {
            _pending.Add(request);
            _pending.Deliver(request, _session);
        }
    }

    private void Refuse(PendingRequest request, string code, string why) => _answers.Answer(request.Id, request.Kind == PendingKind.Call
        ? Failure(request.Id, new CallError { Code = code, CallId = request.CallId, Message = why })
        : RpcMessages.Error(request.Id, -32603, why));

    private static string TooLongToSend(PendingRequest request, string most) =>
        $"The message to the daemon has {request.Message.Length:N0} bytes, more than it takes: {most} (EXAI_WS_MAX_BYTES). Ask with less, or name files by their paths.";

    private string WhyWaiting(PendingRequest request)
    {
        const int LongestNote = 200;
        if (_session is not null && request.RoomIn(time) is { } wait)
        {
            return $"the queue is full for this session; sent again in {Math.Max(1, Math.Ceiling(wait.TotalSeconds)):0} s";
        }

        // Nobody at the address is the usual state between two daemons; anything else is worth telling.
        var note = (request.Sent ? "daemon restarting, call is safe" : "waiting for the daemon")
            + (_failure is { Kind: not LinkFailure.Unreachable } ? $": {_failure.Message}" : "");
        return note.Length <= LongestNote ? note : note[..(LongestNote - 1)] + "…";
    }

    private bool MayReport(PendingRequest request, double progress) => request.MayReport(progress, settings.Current.Link.ProgressInterval, time);

    /// <summary>Why waiting for a daemon would not help, after the last dial; null when one may appear by itself.</summary>
    private CallError? Hopeless() => _failure?.Kind switch
    {
        LinkFailure.Unauthorized => new CallError { Code = ErrorCodes.Unauthorized, Message = _failure.Message },
        LinkFailure.VersionRefused => new CallError { Code = ErrorCodes.DaemonUnavailable, Message = _failure.Message },
        not null when settings.Problems is { } problems => new CallError
        {
            Code = ErrorCodes.ConfigInvalid,
            Message = $"The settings have problems, and no daemon runs:\n{problems}\nMend them and call again; nothing needs a restart.",
        },
        LinkFailure.DaemonDied => new CallError { Code = ErrorCodes.DaemonUnavailable, Message = $"{_failure.Message}\nMend the cause and call again; nothing needs a restart." },
        _ => null,
    };

    /// <summary>A call that came after the dial began has not had its attempt: its wake brings the next one at once.</summary>
    private void FailCalls(CallError error, long dialedAt)
    {
        _pending.Detached.FailUnsent(error);
        foreach (var call in _pending.All().Where(request => request.Kind == PendingKind.Call && request.ReceivedAt <= dialedAt))
        {
            _pending.Settle(call);
            Fail(call.Id, error with { CallId = call.CallId });
        }
    }

    private void Fail(RequestId id, CallError error) => _answers.Answer(id, Failure(id, error));

    /// <summary>A call's failure, as its client reads it.</summary>
    private byte[] Failure(RequestId id, CallError error) => RpcMessages.Result(id, era.Shape(ToolResults.Failure(error)));

    private void AnswerListFromCache(RequestId id) => _answers.Answer(id, RpcMessages.Result(id, _tools.ShowCached()));

    private void RequestOwnList() => _session?.Send(_tools.NewRequest());

    private void TellListChanged()
    {
        if (era.HasHandshake && _clientInitialized && _tools.TakeNews())
        {
            _answers.Tell(RpcMessages.Notification("notifications/tools/list_changed"));
        }
        else if (_subscriptions.WantsToolChanges && _tools.TakeNews())
        {
            foreach (var news in _subscriptions.ToolsChanged())
            {
                _answers.Tell(news);
            }
        }
    }

    private byte[] TooLong(PendingRequest request, int bytes)
    {
        var message = $"The result has {bytes:N0} bytes, more than a client can read in one message ({RpcMessages.LongestLine:N0}). Ask for less at once.";
        return request.Kind == PendingKind.Call
            ? Failure(request.Id, new CallError { Code = ErrorCodes.InternalError, CallId = request.CallId, Message = message })
            : RpcMessages.Error(request.Id, -32603, message);
    }
}
