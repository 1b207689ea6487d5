using System.Threading.Channels;
using Exai.Protocol;
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
/// The stateless protocol era gets a second relay with its own link, chosen by the first message; its <c>server/discover</c> is
/// refused until then, so that clients fall back to <c>initialize</c>.
/// </summary>
internal sealed class ShimRelay(ShimSettings settings, ToolListCache toolCache, LineWriter output, string ownIdPrefix, TimeProvider time, ILogger logger) : ILinkEvents
{
    /// <summary>A list that a daemon does not answer in this time comes from the cache.</summary>
    private static readonly TimeSpan ListPatience = TimeSpan.FromSeconds(5);

    /// <summary>More without a line end makes common clients close the connection.</summary>
    private const int LongestLine = 10 * 1024 * 1024;

    private readonly Channel<Action> _events = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly PendingTable _pending = new(time);
    private readonly ServerRequests _serverRequests = new();
    private readonly Handshake _handshake = new(ownIdPrefix);
    private readonly ShownTools _tools = new(toolCache, ownIdPrefix, time);
    private readonly ClientRoots _roots = new(ownIdPrefix, time);

    private LinkSession? _session;
    private LinkException? _failure;
    private bool _clientInitialized;

    /// <summary>Called for each client message that a daemon has to answer; set before the first message.</summary>
    public required Action Wake { get; init; }

    public bool CallsPending => _pending.CallsPending;

    private FileDesk Files => field ??= new FileDesk(
        toolCache.Read, _roots, () => (settings.Current.Home.Path, settings.Current.Tools.AllowedRoots), new GitRunner(), Post, time);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var ticking = TickAsync(cancellationToken);
        try
        {
            while (await _events.Reader.WaitToReadAsync(cancellationToken))
            {
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

    /// <summary>Completes when everything that has been said so far is dealt with, or the token fires.</summary>
    public async Task SettledAsync(CancellationToken cancellationToken)
    {
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() => settled.TrySetResult());
        await using var limit = cancellationToken.Register(() => settled.TrySetResult());
        await settled.Task;
    }

    IReadOnlyList<ReadOnlyMemory<byte>> ILinkEvents.Replay(RequestId initializeId) => _handshake.Replay(initializeId);

    void ILinkEvents.LinkReady(LinkSession session, IReadOnlyList<byte[]> early) => Post(() => OnLinkReady(session, early));

    void ILinkEvents.LinkMessage(LinkSession session, byte[] message) => Post(() =>
    {
        if (session == _session)
        {
            OnDaemonMessage(message);
        }
    });

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
    }

    private void Post(Action happened) => _events.Writer.TryWrite(happened);

    // ── From the client ──────────────────────────────────────────────────────────────────────────────────────────────

    private void OnClientLine(byte[]? line)
    {
        if (line is null)
        {
            output.Write(RpcMessages.Error(null, -32600, $"Invalid request: the line is longer than {settings.Current.Link.MaxBytes:N0} bytes (EXAI_WS_MAX_BYTES)."));
            return;
        }

        Envelope message;
        try
        {
            message = Envelope.Parse(line);
        }
        catch (MalformedMessageException malformed)
        {
            output.Write(RpcMessages.Error(malformed.Id, malformed.Code, malformed.Message));
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
        if (_pending.Contains(id) || Files.Contains(id))
        {
            output.Write(RpcMessages.Error(id, -32600, $"Invalid request: the id {id.ToJson()} belongs to a request that is still running."));
            return;
        }

        switch (request.Method)
        {
            case "initialize":
                OnInitialize(request);
                break;
            case "ping":
                output.Write(RpcMessages.Result(id, "{}"));
                break;
            case "logging/setLevel":
                _handshake.OnLogLevel(request);
                output.Write(RpcMessages.Result(id, "{}"));
                SendLogLevel();
                break;
            case "server/discover":
                // A plain error makes a client of the stateless era fall back to initialize.
                output.Write(RpcMessages.Error(id, -32601, "server/discover is not available: begin with initialize."));
                break;
            case "tools/list" when _session is null:
                AnswerListFromCache(id);
                Wake();
                break;
            case "tools/list":
                Forward(new PendingRequest(id, PendingKind.List, request.Bytes, default, time.GetTimestamp()));
                break;
            case "tools/call" when request.ParamsStart >= 0:
                if (!Files.Take(request, OnCall, error => output.Write(RpcMessages.Result(id, ToolResults.Failure(error)))))
                {
                    OnCall(request, []);
                }

                break;
            case "prompts/list" when _session is null:
                output.Write(RpcMessages.Result(id, PromptCatalogue.ListResult(settings.Current.Tools.Offered)));
                Wake();
                break;
            case "prompts/get" when _session is null:
                OnPrompt(request);
                Wake();
                break;
            case "resources/list":
                output.Write(RpcMessages.Result(id, """{"resources":[]}"""));
                break;
            case "resources/templates/list":
                output.Write(RpcMessages.Result(id, """{"resourceTemplates":[]}"""));
                break;
            case var method when _session is null:
                output.Write(RpcMessages.Error(id, -32603, $"'{method}' needs the EXAI daemon, which is not reachable now. {_failure?.Message}".TrimEnd()));
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
        output.Write(RpcMessages.Result(request.Id!.Value, ServerManifest.InitializeResult(request.ParamText("protocolVersion"))));
        Wake();
    }

    /// <summary>Prompts are text that this program holds: they need no daemon.</summary>
    private void OnPrompt(Envelope request)
    {
        var id = request.Id!.Value;
        var name = request.ParamText("name") ?? "";
        output.Write(PromptCatalogue.GetResult(settings.Current.Tools.Offered, name, request.ParamText("arguments", PromptCatalogue.Argument)) is { } prompt
            ? RpcMessages.Result(id, prompt)
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
        var bytes = request.Bytes;
        if (!CallId.TryParse(request.ParamText("_meta", MetaKeys.CallId), out var callId))
        {
            callId = CallId.New(time);
            var (meta, metaStart) = JsonSlice.Member(bytes[request.ParamsStart..], "_meta");
            bytes = !meta.IsEmpty && meta.Span[0] == (byte)'{'
                ? JsonSlice.SetMember(bytes, request.ParamsStart + metaStart, MetaKeys.CallId, $"\"{callId}\"")
                : JsonSlice.SetMember(bytes, request.ParamsStart, "_meta", $"{{\"{MetaKeys.CallId}\":\"{callId}\"}}");
        }

        var call = new PendingRequest(request.Id!.Value, PendingKind.Call, bytes, ProgressToken(request), time.GetTimestamp())
        {
            CallId = callId,
            Files = new CallFiles(blobs, request.ParamText("arguments", "continuation_id")),
        };
        if (_session is null && _failure is { Kind: LinkFailure.Unauthorized })
        {
            // The next dial is not hastened by a call, so the call does not wait for it. After any other failure the dial that it brings on decides.
            output.Write(RpcMessages.Result(call.Id, ToolResults.Failure(Hopeless()! with { CallId = callId })));
            return;
        }

        Forward(call);
        Wake();
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
            output.Write(question);
        }
    }

    private void OnClientCancel(Envelope notification)
    {
        if (RequestId.Parse(notification.Param("requestId").Span) is { } asked && Files.Cancel(asked))
        {
            return;
        }

        if (RequestId.Parse(notification.Param("requestId").Span) is { } id && _pending.Find(id) is { } request)
        {
            _pending.Settle(request);
            _pending.Cancel(request, notification.Bytes, _session);
        }
    }

    // ── From the link ────────────────────────────────────────────────────────────────────────────────────────────────

    private void OnLinkReady(LinkSession session, IReadOnlyList<byte[]> early)
    {
        (_session, _failure, _pending.DaemonDrains) = (session, null, false);
        _tools.OnConnectionChanged();
        _serverRequests.BeginEpoch();
        if (_handshake.LogLevelMissed)
        {
            SendLogLevel();
        }

        foreach (var message in early)
        {
            OnDaemonMessage(message);
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
        _tools.OnConnectionChanged();
        foreach (var cancelled in _serverRequests.EndEpoch())
        {
            output.Write(cancelled);
        }

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
                output.Write(RpcMessages.Error(request.Id, -32603, "The link to the EXAI daemon was lost before it answered. Send the request again."));
            }
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
            case MessageKind.Request when bytes.Length > LongestLine:
                _session?.Send(RpcMessages.Error(message.Id, -32603, $"The request has {bytes.Length:N0} bytes, more than a client can read in one message."));
                break;
            case MessageKind.Request:
                output.Write(JsonSlice.OnOneLine(_serverRequests.Forward(message)));
                break;
            case MessageKind.Notification when message.Method == "notifications/cancelled":
                if (_serverRequests.Cancel(message) is { } cancelled)
                {
                    output.Write(JsonSlice.OnOneLine(cancelled));
                }

                break;
            case MessageKind.Notification when message.Method == "notifications/progress":
                OnDaemonProgress(message);
                break;
            case MessageKind.Notification when message.Method == LinkContract.DrainingNotification:
                _pending.DaemonDrains = true;
                break;
            case MessageKind.Notification when message.Method == "notifications/tools/list_changed":
                // The shim tells the client itself, once, when it has seen that the list is another.
                _tools.OnChanged();
                break;
            case MessageKind.Notification when bytes.Length <= LongestLine:
                output.Write(JsonSlice.OnOneLine(message.Bytes));
                break;
        }
    }

    private void OnDaemonResponse(Envelope response)
    {
        var id = response.Id!.Value;
        if (_tools.TakeOwn(response))
        {
            TellListChanged();
        }
        else if (_pending.Find(id) is { } request)
        {
            if (request.Kind == PendingKind.Call && WaitsForRoom(request, response))
            {
                return;
            }

            _pending.Settle(request);
            if (request.Kind == PendingKind.List && (!ShownTools.IsList(response) || response.Bytes.Length > LongestLine))
            {
                AnswerListFromCache(id);
                return;
            }

            if (request.Kind == PendingKind.List)
            {
                _tools.Show(response);
            }

            output.Write(response.Bytes.Length <= LongestLine ? JsonSlice.OnOneLine(response.Bytes) : TooLong(request, response.Bytes.Length));
        }

        // Anything else is late or doubled: its request has been answered or cancelled.
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

    private void OnDaemonProgress(Envelope notification)
    {
        var request = _pending.FindByToken(notification.Param("progressToken"));
        var value = JsonSlice.Number(notification.Param("progress"));
        if (request is not null && value is { } progress && MayReport(request, progress))
        {
            output.Write(JsonSlice.OnOneLine(notification.Bytes));
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
                if (_pending.CallsPending || _tools.HasChanged)
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
                    output.Write(RpcMessages.Error(request.Id, -32603, $"The EXAI daemon did not answer within {limit.TotalSeconds:0} s (EXAI_CALL_TIMEOUT_SECS)."));
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

    private void OnUndeliveredTick(PendingRequest call, TimeSpan undelivered, TimeSpan waited, TimeSpan limit)
    {
        if (undelivered > limit)
        {
            _pending.Settle(call);
            output.Write(RpcMessages.Result(call.Id, ToolResults.Failure(new CallError
            {
                Code = ErrorCodes.DaemonUnavailable,
                Clock = Clocks.Call,
                CallId = call.CallId,
                Message = $"No daemon could be reached for {limit.TotalSeconds:0} s (EXAI_CALL_TIMEOUT_SECS). {_failure?.Message} Run 'exai daemon' to see why.",
            })));
            return;
        }

        // A daemon may have counted further than this clock.
        var progress = Math.Round(Math.Max(waited.TotalSeconds, call.LastProgress + 0.001), 3);
        if (MayReport(call, progress))
        {
            output.Write(RpcMessages.Progress(call.ProgressToken, progress, WhyWaiting(call)));
        }
    }

    // ── Shared ───────────────────────────────────────────────────────────────────────────────────────────────────────

    private void Forward(PendingRequest request)
    {
        _pending.Add(request);
        _pending.Deliver(request, _session);
    }

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
        foreach (var call in _pending.All().Where(request => request.Kind == PendingKind.Call && request.ReceivedAt <= dialedAt))
        {
            _pending.Settle(call);
            output.Write(RpcMessages.Result(call.Id, ToolResults.Failure(error with { CallId = call.CallId })));
        }
    }

    private void AnswerListFromCache(RequestId id) => output.Write(RpcMessages.Result(id, _tools.ShowCached()));

    private void RequestOwnList() => _session?.Send(_tools.NewRequest());

    private void TellListChanged()
    {
        if (_clientInitialized && _tools.TakeNews())
        {
            output.Write(RpcMessages.Notification("notifications/tools/list_changed"));
        }
    }

    private static byte[] TooLong(PendingRequest request, int bytes)
    {
        var message = $"The result has {bytes:N0} bytes, more than a client can read in one message ({LongestLine:N0}). Ask for less at once.";
        return request.Kind == PendingKind.Call
            ? RpcMessages.Result(request.Id, ToolResults.Failure(new CallError { Code = ErrorCodes.InternalError, CallId = request.CallId, Message = message }))
            : RpcMessages.Error(request.Id, -32603, message);
    }
}
