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

    /// <summary>So much may wait to be dealt with, or to be read by the client, before no more is read.</summary>
    private const int MostEvents = 4000;

    private static readonly TimeSpan RoomPoll = TimeSpan.FromMilliseconds(20);

    // Not SingleReader: such a channel cannot be counted. Whoever posts while the loop sleeps runs it: nothing in it waits, and another thread would have to be woken.
    private readonly Channel<Action> _events = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { AllowSynchronousContinuations = true });
    private readonly ClientAnswers _answers = new(output);
    private readonly PendingTable _pending = new(time);
    private readonly LinkState _link = new();
    private readonly ServerRequests _serverRequests = new();
    private readonly Handshake _handshake = new(ownIdPrefix);
    private readonly Subscriptions _subscriptions = new();
    private readonly ShownTools _tools = new(era, toolCache, ownIdPrefix, time);
    private readonly ClientRoots _roots = new(era.HasHandshake, ownIdPrefix, time);

    private bool _clientInitialized;

    /// <summary>Called for each client message that a daemon has to answer; set before the first message.</summary>
    public required Action Wake { get; init; }

    /// <summary>The <c>initialize</c> that has its answer; null once it has come by here.</summary>
    public RequestId? AnsweredEarly { get; set; }

    public bool CallsPending => _pending.CallsPending;

    public bool DaemonNeeded => _pending.DaemonNeeded;

    private ToolCalls Calls => field ??= new ToolCalls(settings, era, _answers, _pending, _link, () => _handshake.ClientName, time);

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
        if (session == _link.Session)
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

    void ILinkEvents.DialFailed(LinkException failure, long dialedAt, bool givingUp) => Post(() =>
    {
        _link.Failure = failure;
        Calls.OnDialFailed(failure, dialedAt, givingUp);
    });

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
                _link.Session?.Send(answer);
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
            case "tools/list" when _link.Session is null:
                AnswerListFromCache(id);
                Wake();
                break;
            case "tools/list":
                Calls.Forward(new PendingRequest(id, PendingKind.List, request.Bytes, default, time.GetTimestamp()));
                break;
            case "tools/call" when request.ParamsStart >= 0:
                if (!Files.Take(request, OnCall, error => Calls.Fail(id, error)))
                {
                    OnCall(request, []);
                }

                break;
            case "prompts/list" when _link.Session is null:
                _answers.Answer(id, RpcMessages.Result(id, era.ShapeList(PromptCatalogue.ListResult(settings.Current.Tools.Offered))));
                Wake();
                break;
            case "prompts/get" when _link.Session is null:
                OnPrompt(request);
                Wake();
                break;
            case "resources/list":
                _answers.Answer(id, RpcMessages.Result(id, era.ShapeList(new JsonObject { ["resources"] = new JsonArray() })));
                break;
            case "resources/templates/list":
                _answers.Answer(id, RpcMessages.Result(id, era.ShapeList(new JsonObject { ["resourceTemplates"] = new JsonArray() })));
                break;
            case var method when _link.Session is null:
                _answers.Answer(id, RpcMessages.Error(id, -32603, $"'{method}' needs the EXAI daemon, which is not reachable now. {_link.Failure?.Message}".TrimEnd()));
                Wake();
                break;
            default:
                Calls.Forward(new PendingRequest(id, PendingKind.Other, request.Bytes, PendingRequest.TokenOf(request), time.GetTimestamp()));
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

    private void OnCall(Envelope request, IReadOnlyList<BlobSource> blobs)
    {
        if (Calls.Begin(request, blobs))
        {
            Wake();
        }
    }

    private void SendLogLevel()
    {
        if (_handshake.LogLevel is { } level)
        {
            _link.Session?.Send(level);
        }
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
                _link.Session?.Send(notification.Bytes);
                break;
            case "notifications/cancelled":
                OnClientCancel(notification);
                break;
            default:
                _link.Session?.Send(notification.Bytes);
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
        _link.Session?.Send(request.Bytes);
        TellListChanged();
        Wake();
    }

    private void OnClientCancel(Envelope notification)
    {
        if (RequestId.Parse(notification.Param("requestId").Span) is { } subscription && _subscriptions.Remove(subscription))
        {
            _link.Session?.Send(notification.Bytes);
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
            if (request.Kind == PendingKind.Call)
            {
                Calls.Cancel(request, notification.Bytes);
            }
            else if (request.Sent)
            {
                _link.Session?.Send(notification.Bytes);
            }
        }
    }

    // ── From the link ────────────────────────────────────────────────────────────────────────────────────────────────

    private void OnLinkReady(LinkSession session, IReadOnlyList<byte[]> early)
    {
        if (_link.Session is { } former)
        {
            // The link moved on before its daemon had ended.
            OnLinkDown(former);
        }

        (_link.Session, _link.Failure, _pending.DaemonDrains) = (session, null, false);
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

        // A moment later, as after any change: where many shims come back at once, what clients wait for goes first.
        _tools.OnChanged();
    }

    private void OnLinkDown(LinkSession session)
    {
        if (session != _link.Session)
        {
            return;
        }

        _link.Session = null;
        _tools.OnConnectionChanged(daemonVersion: null);
        foreach (var cancelled in _serverRequests.EndEpoch())
        {
            _answers.Tell(cancelled);
        }

        if (session.CloseCode is LinkContract.TooBigCloseCode)
        {
            Calls.FailLongest();
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
                _link.Session?.Send(RpcMessages.Error(message.Id, -32603, $"The request has {bytes.Length:N0} bytes, more than a client can read in one message."));
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
                _link.Session?.OnDraining();
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
            Calls.OnAnswer(call, response);
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

            _answers.Answer(id, Calls.Readable(request, response));
        }
        else
        {
            _pending.Detached.TakeAnswer(id, new ToolAnswer(response), CapacityRefusal.RetryAfterSecs(response));
        }

        // Anything else is late or doubled: its request has been answered or cancelled.
    }

    private void OnDaemonProgress(Envelope notification)
    {
        var request = _pending.FindByToken(notification.Param("progressToken"));
        if (request is not null && notification.ParamText("message") is { } note)
        {
            request.LastNote = note;
        }

        var value = JsonSlice.Number(notification.Param("progress"));
        if (value is { } progress && request?.MayReport(progress, settings.Current.Link.ProgressInterval, time) is true)
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

        Calls.OnTickDetached();
        var limit = settings.Current.Calls.Timeout;
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
                case PendingKind.Call:
                    Calls.OnTick(request);
                    break;
            }
        }
    }

    // ── Shared ───────────────────────────────────────────────────────────────────────────────────────────────────────

    private void AnswerListFromCache(RequestId id) => _answers.Answer(id, RpcMessages.Result(id, _tools.ShowCached()));

    private void RequestOwnList() => _link.Session?.Send(_tools.NewRequest());

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

}
