using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Exai.Core.Admission;
using Exai.Core.Storage;
using Exai.Core.Tokens;
using Exai.Core.Tools;
using Exai.Daemon.Link;
using Exai.Daemon.Security;
using Exai.Protocol;
using Exai.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Daemon.Http.Mcp;

/// <summary>
/// <c>POST|GET|DELETE /mcp</c>: MCP over HTTP, for clients that speak it. Versions with a handshake have sessions; the version without one
/// answers each request by itself. The daemon's own clock keeps the client's patience: near it a call is answered as running.
/// </summary>
internal sealed class McpEndpoint : IAsyncDisposable
{
    public const string Path = "/mcp";

    private const int ParseError = -32700;
    private const int InvalidRequest = -32600;
    private const string SessionHeader = "Mcp-Session-Id";
    private const string AskerItem = "exai.asker";
    private const string CallerItem = "exai.caller";

    private readonly RequestGuard _guard;
    private readonly ExaiSettings _settings;
    private readonly Func<string?> _token;
    private readonly SessionPlaces _places;
    private readonly ToolDispatcher _tools;
    private readonly ToolCallHandler _calls;
    private readonly LocalFiles _files;
    private readonly DaemonState _state;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly HttpSessions _sessions;
    private readonly HttpVisits _visits;
    private readonly CancellationTokenSource _draining = new();
    private readonly CancellationTokenSource _stop = new();

    public McpEndpoint(
        RequestGuard guard, ExaiSettings settings, Func<string?> token, SessionPlaces places, ToolDispatcher tools, ToolCallHandler calls, LocalFiles files,
        DaemonState state, TimeProvider time, ILoggerFactory loggers)
    {
        (_guard, _settings, _token, _places, _tools, _calls, _files) = (guard, settings, token, places, tools, calls, files);
        (_state, _time, _loggers) = (state, time, loggers);
        _visits = new HttpVisits(time);
        _sessions = new HttpSessions(new SessionIds(token), SessionName, (key, name) => Options(SessionName(key, name), ofUser: name is not null), _visits, time, loggers);
        state.Changed += EndStreamsWhenDraining;
    }

    /// <summary>Adds to what a session offers; null adds nothing.</summary>
    public Action<McpServerOptions>? Extend { get; init; }

    /// <summary>The clients that were here lately.</summary>
    public IReadOnlyList<ConnectedSession> Snapshot() => _visits.Snapshot();

    /// <summary>Answers the request by its method.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        if (!_guard.RequireCaller(context, out var caller))
        {
            return;
        }

        if (_state.IsDraining)
        {
            // The next daemon listens at the same port in a moment.
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "1";
            context.Response.Headers.Connection = "close";
            return;
        }

        // A revoked token's streams and waiting requests end with it; the next request is refused.
        using var cut = caller.Revoked.Register(context.Abort);
        await (context.Request.Method switch
        {
            "POST" => PostAsync(context, caller),
            "GET" => GetAsync(context, caller),
            _ => DeleteAsync(context, caller),
        });
    }

    public async ValueTask DisposeAsync()
    {
        _state.Changed -= EndStreamsWhenDraining;
        _draining.Cancel();
        _stop.Cancel();
        await _sessions.DisposeAsync();
    }

    /// <summary>A stream without an end would keep its client at a daemon that takes nothing any more.</summary>
    private void EndStreamsWhenDraining()
    {
        if (_state.IsDraining)
        {
            _draining.Cancel();
        }
    }

    private async Task PostAsync(HttpContext context, Caller caller)
    {
        var accept = context.Request.Headers.Accept.ToString();
        if (!Accepts(accept, "application/json") || !Accepts(accept, "text/event-stream"))
        {
            await RefuseAsync(context, StatusCodes.Status406NotAcceptable, InvalidRequest, "Accept must list application/json and text/event-stream.");
            return;
        }

        if (!context.Request.HasJsonContentType())
        {
            await RefuseAsync(context, StatusCodes.Status415UnsupportedMediaType, InvalidRequest, "Content-Type must be application/json.");
            return;
        }

        if (await ReadAsync(context) is not { } message)
        {
            return;
        }

        LocalFiles.Mark(message, context, caller);
        message.Context!.Items![CallerItem] = caller;
        var version = ModernRequest.Version(context, message);
        if (ModernProtocol.IsModern(version))
        {
            await PostModernAsync(context, message, version!, caller);
        }
        else if (version is not null && !LinkContract.LegacyVersions.Contains(version))
        {
            await AnswerAsync(context, StatusCodes.Status400BadRequest, Error(message, ModernRequest.UnsupportedVersion(version, [ModernProtocol.Version, .. LinkContract.LegacyVersions])));
        }
        else
        {
            await PostLegacyAsync(context, message, caller);
        }
    }

    private async Task PostModernAsync(HttpContext context, JsonRpcMessage message, string version, Caller caller)
    {
        if (ModernRequest.Refuse(context, message) is var (status, error))
        {
            await AnswerAsync(context, status, Error(message, error));
            return;
        }

        if (message is JsonRpcRequest request && ToolCallShape.Refuse(request) is { } refusal)
        {
            await AnswerAsync(context, StatusCodes.Status200OK, refusal);
            return;
        }

        message.Context!.ProtocolVersion = version;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stop.Token, EndsWithDrain(message));
#pragma warning disable MCP9006
        await using var transport = new StreamableHttpServerTransport(_loggers) { Stateless = true };
#pragma warning restore MCP9006
        var session = SessionOf(message, caller);
        _visits.Seen(session, LinkContract.ModernEra, ModernRequest.ClientName(message), ModernRequest.ClientVersion(message));
        await using var server = McpServer.Create(transport, Options(session, caller.Token is not null), _loggers);
        var serving = ServeAsync(server, end.Token);
        try
        {
            await StreamAsync(
                context,
                body => transport.HandlePostRequestAsync(
                    message, body,
                    first =>
                    {
                        context.Response.StatusCode = ModernRequest.Status(first);
                        return ValueTask.CompletedTask;
                    },
                    end.Token),
                end.Token);
        }
        finally
        {
            await transport.DisposeAsync();
            await serving;
        }
    }

    private async Task PostLegacyAsync(HttpContext context, JsonRpcMessage message, Caller caller)
    {
        HttpSession session;
        if (context.Request.Headers[SessionHeader].ToString() is { Length: > 0 } id)
        {
            if (await _sessions.FindAsync(id, caller.Token) is not { } known)
            {
                await RefuseAsync(context, StatusCodes.Status404NotFound, -32001, "There is no such session. Initialize again.");
                return;
            }

            session = known;
        }
        else if (message is JsonRpcRequest { Method: "initialize" } request)
        {
            if (Hello(request) is not { } hello)
            {
                await AnswerAsync(context, StatusCodes.Status400BadRequest, Error(message, new JsonRpcErrorDetail { Code = -32602, Message = "initialize needs protocolVersion, capabilities and clientInfo." }));
                return;
            }

            (id, session) = await _sessions.CreateAsync(hello, caller.Token);
        }
        else
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, InvalidRequest, $"The header {SessionHeader} is missing. Only initialize goes without one.");
            return;
        }

        context.Response.Headers[SessionHeader] = id;
        if (message is JsonRpcRequest call && ToolCallShape.Refuse(call) is { } refusal)
        {
            await AnswerAsync(context, StatusCodes.Status200OK, refusal);
            return;
        }

        // Their requests may end before their calls do; those run on.
        using var lost = new CancellationTokenSource();
        var asker = new Asker(lost.Token, _calls.Undelivered);
        message.Context!.Items![AskerItem] = asker;
        Interlocked.Increment(ref session.Open);
        try
        {
            if (!await StreamAsync(context, body => session.Transport.HandlePostRequestAsync(message, body, context.RequestAborted), context.RequestAborted))
            {
                lost.Cancel();
                asker.HasLeft();
            }
        }
        finally
        {
            Interlocked.Decrement(ref session.Open);
        }
    }

    private async Task GetAsync(HttpContext context, Caller caller)
    {
        if (ModernProtocol.IsModern(context.Request.Headers["MCP-Protocol-Version"].ToString()))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = "POST";
            return;
        }

        if (!Accepts(context.Request.Headers.Accept.ToString(), "text/event-stream"))
        {
            await RefuseAsync(context, StatusCodes.Status406NotAcceptable, InvalidRequest, "Accept must list text/event-stream.");
            return;
        }

        if (await FindSessionAsync(context, caller) is not { } session)
        {
            return;
        }

        if (!session.TryBeginGet())
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, InvalidRequest, "This session has a stream already.");
            return;
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _draining.Token);
        Interlocked.Increment(ref session.Open);
        try
        {
            BeginEvents(context);
            await context.Response.StartAsync(end.Token);
            await context.Response.Body.FlushAsync(end.Token);
            await using var events = new EventStream(context.Response.Body, _time, end.Token);
            await session.Transport.HandleGetRequestAsync(events, end.Token);
        }
        catch (OperationCanceledException)
        {
            // The client has left, or is asked to come back to the next daemon.
        }
        finally
        {
            session.EndGet();
            Interlocked.Decrement(ref session.Open);
        }
    }

    private async Task DeleteAsync(HttpContext context, Caller caller)
    {
        if (ModernProtocol.IsModern(context.Request.Headers["MCP-Protocol-Version"].ToString()))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = "POST";
        }
        else if (await FindSessionAsync(context, caller) is not null)
        {
            await _sessions.EndAsync(context.Request.Headers[SessionHeader].ToString(), caller.Token);
        }
    }

    private async Task<HttpSession?> FindSessionAsync(HttpContext context, Caller caller)
    {
        var id = context.Request.Headers[SessionHeader].ToString();
        if (id.Length == 0)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, InvalidRequest, $"The header {SessionHeader} is missing.");
            return null;
        }

        var session = await _sessions.FindAsync(id, caller.Token);
        if (session is null)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, -32001, "There is no such session. Initialize again.");
        }

        return session;
    }

    /// <summary>Answers with events; 202 when there is nothing to answer.</summary>
    /// <returns>Whether all was written; false when the client has left before that, or the daemon stops.</returns>
    private async Task<bool> StreamAsync(HttpContext context, Func<Stream, Task<bool>> handle, CancellationToken end)
    {
        BeginEvents(context);
        try
        {
            bool answered;
            await using (var events = new EventStream(context.Response.Body, _time, end))
            {
                answered = await handle(events);
            }

            if (!answered && !context.Response.HasStarted)
            {
                context.Response.ContentType = null;
                context.Response.StatusCode = StatusCodes.Status202Accepted;
            }

            return true;
        }
        catch (Exception left) when (left is OperationCanceledException or IOException)
        {
            // The client does not listen any more, or the daemon stops; the call is in the journal.
            return false;
        }
    }

    private static void BeginEvents(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache,no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }

    private async Task<JsonRpcMessage?> ReadAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = _settings.Link.MaxBytes;
        }

        try
        {
            using var document = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            if (document.RootElement.ValueKind == JsonValueKind.Array)
            {
                await RefuseAsync(context, StatusCodes.Status400BadRequest, InvalidRequest, "Batches are not supported: send one message per request.");
                return null;
            }

            try
            {
                return document.RootElement.Deserialize<JsonRpcMessage>(McpJsonUtilities.DefaultOptions) ?? throw new JsonException();
            }
            catch (JsonException)
            {
                await RefuseAsync(context, StatusCodes.Status400BadRequest, InvalidRequest, "Invalid request: the body is no JSON-RPC message.");
                return null;
            }
        }
        catch (JsonException)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, ParseError, "Parse error: the body is no JSON.");
            return null;
        }
        catch (BadHttpRequestException tooLarge)
        {
            await RefuseAsync(context, tooLarge.StatusCode, InvalidRequest, $"The body is larger than {_settings.Link.MaxBytes:N0} bytes (EXAI_WS_MAX_BYTES), or was cut.");
            return null;
        }
    }

    private static InitializeRequestParams? Hello(JsonRpcRequest request)
    {
        try
        {
            return request.Params.Deserialize<InitializeRequestParams>(McpJsonUtilities.DefaultOptions);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private McpServerOptions Options(string sessionId, bool ofUser)
    {
        var options = McpSetup.Options(_tools, ofUser, (request, cancellationToken) => CallAsync(sessionId, request, cancellationToken));
        Extend?.Invoke(options);
        return options;
    }

    /// <summary>Over HTTP a session has its place while it has a call: nothing else of it lasts.</summary>
    private async ValueTask<CallToolResult> CallAsync(string sessionId, RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        SessionLink place;
        try
        {
            place = _places.Enter(sessionId);
        }
        catch (CallException refused)
        {
            return McpShapes.ToolResult(_tools.Failure(refused, request.Params.Name, CallId.New(_time)));
        }

        // Whoever sent this request, not whoever began the session: a session outlives a token that is made anew.
        var caller = (Caller)request.JsonRpcRequest.Context!.Items![CallerItem]!;
        var asker = request.JsonRpcRequest.Context?.Items?.TryGetValue(AskerItem, out var known) == true ? (Asker)known! : new Asker(CancellationToken.None);
        // The place is left before the call: a session in its place and without a call would be taken for an idle one.
        using (place.Call(() => cancellationToken.IsCancellationRequested || asker.Left.IsCancellationRequested))
        using (place)
        {
            try
            {
                var files = await _files.ReadAsync(request, _tools.Tools.FirstOrDefault(tool => tool.Name == ToolNames.Canonical(request.Params.Name)), caller.Token, cancellationToken);
                return await _calls.CallAsync(
                    sessionId, caller, request, asker, _ => { }, cancellationToken, client => ClientWaits.For(client, _settings.Calls.ClientWait), files);
            }
            catch (Exception refused) when (refused is CallException or StoreException)
            {
                return McpShapes.ToolResult(_tools.Failure(refused, request.Params.Name, CallId.New(_time)));
            }
        }
    }

    private static string SessionName(string key, string? token) => (token is null ? "" : token + "/") + "http-" + key;

    /// <summary>Without sessions, whoever has the same token and goes by the same name is one.</summary>
    private string SessionOf(JsonRpcMessage message, Caller caller)
    {
        var who = SHA256.HashData(Encoding.UTF8.GetBytes($"{_token()}\n{ModernRequest.ClientName(message)}"));
        return SessionName(Convert.ToHexStringLower(who.AsSpan(0, 16)), caller.Token);
    }

    /// <summary>A subscription has no end of its own.</summary>
    private CancellationToken EndsWithDrain(JsonRpcMessage message) => message is JsonRpcRequest { Method: ModernProtocol.Listen } ? _draining.Token : default;

    private static async Task ServeAsync(McpServer server, CancellationToken end)
    {
        try
        {
            await server.RunAsync(end);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The request has ended.
        }
    }

    private static JsonRpcError Error(JsonRpcMessage message, JsonRpcErrorDetail detail) => new() { Id = message is JsonRpcMessageWithId { Id: var id } ? id : default, Error = detail };

    private static Task RefuseAsync(HttpContext context, int status, int code, string message) =>
        AnswerAsync(context, status, new JsonRpcError { Error = new JsonRpcErrorDetail { Code = code, Message = message } });

    private static async Task AnswerAsync(HttpContext context, int status, JsonRpcMessage message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(message, McpJsonUtilities.DefaultOptions), context.RequestAborted);
    }

    private static bool Accepts(string accept, string type) =>
        accept.Contains(type, StringComparison.OrdinalIgnoreCase) || accept.Contains("*/*", StringComparison.Ordinal)
        || accept.Contains(type[..(type.IndexOf('/', StringComparison.Ordinal) + 1)] + "*", StringComparison.OrdinalIgnoreCase);
}
