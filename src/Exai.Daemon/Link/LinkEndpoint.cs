using System.Collections.Concurrent;
using System.Globalization;
using Exai.Core.Admission;
using Exai.Core.Tokens;
using Exai.Core.Tools;
using Exai.Daemon.Security;
using Exai.Protocol;
using Exai.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon.Link;

/// <summary>
/// <c>GET /ws</c>: token, then versions, then one MCP session for as long as the socket lives. The newest link of a session and era
/// wins: a shim that reconnects must not compete with its own half-dead connection.
/// </summary>
internal sealed class LinkEndpoint(
    RequestGuard guard, LinkSettings settings, string epoch, SessionPlaces places, ToolDispatcher tools, ToolCallHandler calls, DaemonState state,
    TimeProvider time, ILoggerFactory loggers)
    : IDisposable
{
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan GoodbyePatience = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string Session, string Era), LinkSession> _sessions = new();
    private readonly SessionBook _book = new(time);
    private readonly CancellationTokenSource _forcedStop = new();
    private readonly ILogger _logger = loggers.CreateLogger("link");

    /// <summary>Raised after <see cref="SessionCount"/> has changed.</summary>
    public event Action? SessionsChanged;

    public int SessionCount => _sessions.Count;

    /// <summary>Null counts nothing.</summary>
    public LinkMeters? Meters { get; set; }

    /// <summary>The sessions that are connected now.</summary>
    public IReadOnlyList<ConnectedSession> Snapshot() => [.. _sessions.Select(session => _book.Describe(session.Value, session.Key.Era))];

    /// <summary>Whether a call has a result that has not been written to its socket yet.</summary>
    public bool OwesAnswers => _sessions.Values.Any(session => session.OwesAnswers);

    public async Task AcceptAsync(HttpContext context)
    {
        if (!guard.RequireCaller(context, out var caller))
        {
            return;
        }

        context.Response.Headers[LinkContract.EpochHeader] = epoch;
        context.Response.Headers[LinkContract.VersionHeader] = Product.Version;
        var era = context.Request.Headers[LinkContract.EraHeader].ToString() is { Length: > 0 } named ? named : LinkContract.LegacyEra;
        if (!context.WebSockets.IsWebSocketRequest || era is not (LinkContract.LegacyEra or LinkContract.ModernEra) || !IsSupported(context.Request.Headers[LinkContract.ShimVersionHeader].ToString()))
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return;
        }

        if (state.IsDraining || state.IsStopping)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        var sessionId = caller.SessionName(
            context.Request.Headers[LinkContract.SessionHeader].ToString() is { Length: > 0 and <= 128 } given ? given : Guid.NewGuid().ToString());
        if (TryEnter(sessionId, context.Response) is not { } place)
        {
            return;
        }

        using var held = place;
        Http.DaemonListener.MarkAsLink(context);
        using var socket = await context.WebSockets.AcceptWebSocketAsync(LinkContract.Subprotocol);
        var reconnect = Reconnect.TryParse(context.Request.Headers[Reconnect.Header]);
        Meters?.Connected(reconnect);
        _book.Connected(sessionId, context.Request.Headers[LinkContract.ShimVersionHeader].ToString(), reconnect);
        await using var session = new LinkSession(sessionId, caller, new WebSocketTransport(socket, sessionId, settings.MaxBytes, loggers), place, tools, calls, loggers);
        await ServeAsync((sessionId, era), session, place, caller);
    }

    /// <summary>Tells every shim to send new calls to the daemon that comes next.</summary>
    public Task TellDrainingAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_sessions.Values.Select(session => session.TellDrainingAsync(epoch, cancellationToken)));

    /// <summary>Closes all sockets; the calls behind them go on.</summary>
    public Task CloseAllAsync(int closeCode, string reason, CancellationToken cancellationToken) =>
        Task.WhenAll(_sessions.Values.Select(session => session.CloseAsync(closeCode, reason, cancellationToken)));

    /// <summary>Closes all sockets and stops waiting for the calls behind them.</summary>
    public async Task StopAsync(int closeCode, string reason, CancellationToken cancellationToken)
    {
        try
        {
            await CloseAllAsync(closeCode, reason, cancellationToken);
            // A socket that is cut takes along what its other side has not read yet: first that one says that it has read the end.
            await Task.WhenAll(_sessions.Values.Select(session => session.Ended)).WaitAsync(GoodbyePatience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Some shim reads nothing at the moment.
        }
        finally
        {
            _forcedStop.Cancel();
        }
    }

    public void Dispose() => _forcedStop.Dispose();

    /// <summary>A place for the session's link; null when there is none, which the response then says.</summary>
    private SessionLink? TryEnter(string sessionId, HttpResponse response)
    {
        try
        {
            return places.Enter(sessionId);
        }
        catch (CallException refused)
        {
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            response.Headers.RetryAfter = refused.Error.RetryAfterSecs?.ToString("0", CultureInfo.InvariantCulture);
            response.Headers[LinkContract.ReasonHeader] = refused.Message;
            LinkEvents.NoPlace(_logger, sessionId, refused.Message);
            return null;
        }
    }

    private async Task ServeAsync((string Session, string Era) key, LinkSession session, SessionLink place, Caller caller)
    {
        LinkSession? older = null;
        _sessions.AddOrUpdate(key, session, (_, current) =>
        {
            older = current;
            return session;
        });
        LinkEvents.Connected(_logger, key.Session, key.Era, _sessions.Count);
        SessionsChanged?.Invoke();
        // Beside the new link, not before it: the old one may be half-dead and take nothing for minutes.
        var superseding = SupersedeAsync(older);
        var givingWay = GiveWayAsync(session, place);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_forcedStop.Token);
        using var over = new CancellationTokenSource();
        var revoking = EndWhenRevokedAsync(session, caller, stop, over.Token);
        try
        {
            await session.RunAsync(stop.Token);
        }
        finally
        {
            place.Dispose();
            over.Cancel();
            await revoking;
            await givingWay;
            await superseding;
            // Only its own entry: a newer link may stand under the key by now.
            _sessions.TryRemove(KeyValuePair.Create(key, session));
            LinkEvents.Disconnected(_logger, key.Session, key.Era, _sessions.Count);
            SessionsChanged?.Invoke();
        }
    }

    /// <summary>Ends with the place: its shim comes back when its client needs the daemon.</summary>
    private async Task GiveWayAsync(LinkSession session, SessionLink place)
    {
        if (await place.GaveWay)
        {
            LinkEvents.GaveWay(_logger, session.SessionId);
            using var patience = new CancellationTokenSource(ClosePatience, time);
            await session.CloseAsync(LinkContract.GiveWayCloseCode, "another session needs the place", patience.Token);
        }
    }

    /// <summary>Ends with the token. Its shim dials again and is refused, so that its client's calls fail with UNAUTHORIZED.</summary>
    /// <param name="stop">Ends the session when its other side goes on all the same.</param>
    /// <param name="over">The session has ended.</param>
    private async Task EndWhenRevokedAsync(LinkSession session, Caller caller, CancellationTokenSource stop, CancellationToken over)
    {
        if (!caller.Revoked.CanBeCanceled)
        {
            return;
        }

        var ending = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var revoked = caller.Revoked.Register(() => ending.TrySetResult());
        using var ended = over.Register(() => ending.TrySetResult());
        await ending.Task;
        if (over.IsCancellationRequested)
        {
            return;
        }

        LinkEvents.Revoked(_logger, session.SessionId);
        using var patience = new CancellationTokenSource(ClosePatience, time);
        await session.CloseAsync(LinkContract.RevokedCloseCode, "the token was revoked", patience.Token);
        await Task.WhenAny(session.Ended.WaitAsync(GoodbyePatience, time, over));
        stop.Cancel();
    }

    private async Task SupersedeAsync(LinkSession? older)
    {
        if (older is not null)
        {
            using var patience = new CancellationTokenSource(ClosePatience, time);
            await older.CloseAsync(LinkContract.SupersededCloseCode, "a newer link of this session", patience.Token);
        }
    }

    /// <summary>The same major version, or none named: a client that is no shim.</summary>
    private static bool IsSupported(string shimVersion) => shimVersion.Length == 0 || shimVersion.Split('.')[0] == Product.Version.Split('.')[0];
}

/// <summary>What the link writes to the log. Event ids 1100–1199.</summary>
internal static partial class LinkEvents
{
    [LoggerMessage(1100, LogLevel.Information, "Session {Session} ({Era}) connected; {Sessions} are connected")]
    public static partial void Connected(ILogger logger, string session, string era, int sessions);

    [LoggerMessage(1101, LogLevel.Information, "Session {Session} ({Era}) ended; {Sessions} are connected")]
    public static partial void Disconnected(ILogger logger, string session, string era, int sessions);

    [LoggerMessage(1102, LogLevel.Information, "Session {Session} was idle longest and gives way to another")]
    public static partial void GaveWay(ILogger logger, string session);

    [LoggerMessage(1103, LogLevel.Warning, "Session {Session} found no place: {Reason}")]
    public static partial void NoPlace(ILogger logger, string session, string reason);

    [LoggerMessage(1105, LogLevel.Information, "Session {Session} ends: its token was revoked")]
    public static partial void Revoked(ILogger logger, string session);

    [LoggerMessage(1104, LogLevel.Debug, "The link was not warmed up: {Reason}")]
    public static partial void NotWarm(ILogger logger, string reason);
}
