using Exai.Protocol;
using Exai.Settings.Home;
using Exai.Shim.Eras;
using Exai.Shim.Lifecycle;
using Exai.Shim.Messages;
using Microsoft.Extensions.Logging;

namespace Exai.Shim.Link;

/// <summary>What the relay hears from the link. Called from the link's own task, one call at a time.</summary>
internal interface ILinkEvents
{
    ProtocolEra Era { get; }

    /// <summary>What to replay on a new connection: <c>initialize</c> under the id given, and what follows it; nothing in an era without a handshake.</summary>
    IReadOnlyList<ReadOnlyMemory<byte>> Replay(RequestId initializeId);

    /// <summary>Whether calls wait for the link.</summary>
    bool CallsPending { get; }

    /// <summary>Whether a daemon that has fallen silent must be noticed: somebody waits for it, or a cancel is on its way to it.</summary>
    bool DaemonNeeded { get; }

    void LinkReady(LinkSession session, IReadOnlyList<byte[]> early);

    void LinkMessage(LinkSession session, byte[] message);

    /// <summary>Completes when the relay can take the next message.</summary>
    ValueTask LinkRoomAsync(CancellationToken cancellationToken);

    void LinkDown(LinkSession session);

    /// <param name="dialedAt">When the attempt began, as a timestamp of the shim's clock.</param>
    /// <param name="givingUp">EXAI_WS_MAX_RETRIES is reached: nothing more happens until <see cref="LinkLoop.Wake"/>.</param>
    void DialFailed(LinkException failure, long dialedAt, bool givingUp);
}

/// <summary>
/// Keeps the link: Disconnected → Connecting → Validating → Ready → Disconnected, for as long as the shim lives. The waiting in
/// Disconnected ends at once when a call comes or the health file names another daemon.
/// </summary>
internal sealed class LinkLoop(
    ShimSettings settings, ILinkDialer dialer, DaemonStarter starter, ILinkEvents events, string sessionId, string ownIdPrefix,
    Random random, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan HealthFilePoll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan TokenPoll = TimeSpan.FromSeconds(1);

    /// <summary>A link that lived less long was not worth much.</summary>
    private static readonly TimeSpan SteadyLink = TimeSpan.FromSeconds(1);

    private readonly WakeSignal _wake = new();
    private volatile LinkSession? _session;
    private DaemonAddress? _dialled;
    private int _epochs;
    private int _attempt;
    private long? _lostAt;

    /// <summary>A client message needs the daemon: dial now rather than later.</summary>
    public void Wake() => _wake.Wake();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await WaitForClientAsync(cancellationToken);
        var attempt = 0;
        var downSince = time.GetTimestamp();
        while (true)
        {
            _attempt = ++attempt;
            // A call that comes from now on has not been tried yet: it ends the wait after this attempt.
            _wake.Reset();
            var dialedAt = time.GetTimestamp();
            try
            {
                settings.Reload();
                var session = await ConnectAsync(cancellationToken);
                LinkLog.Ready(logger, session.Epoch, session.DaemonVersion, attempt, (long)time.GetElapsedTime(downSince).TotalMilliseconds);
                attempt = 0;
                var readySince = time.GetTimestamp();
                await UseAsync(session, cancellationToken);
                _lostAt = downSince = time.GetTimestamp();
                await AfterLossAsync(session.CloseCode, time.GetElapsedTime(readySince), cancellationToken);
            }
            catch (LinkException failure)
            {
                await AfterFailureAsync(failure, attempt, dialedAt, cancellationToken);
            }
            catch (Exception defect) when (!cancellationToken.IsCancellationRequested)
            {
                // Whatever it is, a shim whose link cannot come back is worse than one that tries again.
                LinkLog.LinkDefect(logger, defect);
                await AfterFailureAsync(
                    new LinkException(LinkFailure.NotValidated, $"The link met a defect: {defect.Message}", defect), Math.Max(attempt, 1), dialedAt, cancellationToken);
            }
        }
    }

    /// <summary>Closes the connection politely, for the shim's own end.</summary>
    public async ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        if (_session is { } session)
        {
            await session.CloseAsync(cancellationToken);
        }
    }

    /// <summary>Relays until the connection ends; the relay hears of its end however it ends.</summary>
    private async Task UseAsync(LinkSession session, CancellationToken cancellationToken)
    {
        await using var disposing = session;
        _session = session;
        try
        {
            await session.RunAsync(
                message =>
                {
                    events.LinkMessage(session, message);
                    return events.LinkRoomAsync(cancellationToken);
                },
                () => events.DaemonNeeded,
                cancellationToken);
        }
        finally
        {
            _session = null;
            LinkLog.Lost(logger, session.CloseCode);
            events.LinkDown(session);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task<LinkSession> ConnectAsync(CancellationToken cancellationToken)
    {
        var link = settings.Current.Link;
        var connection = await DialAnyAsync(cancellationToken);
        var session = new LinkSession(connection, link, events.Era, ownIdPrefix, time);
        try
        {
            var initializeId = new RequestId($"{ownIdPrefix}initialize-{++_epochs}", 0);
            var early = await session.ValidateAsync(events.Replay(initializeId), initializeId, cancellationToken);
            events.LinkReady(session, early);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Dials; and once more after a daemon has been started, if none was there and that is the shim's business.</summary>
    private async Task<ILinkConnection> DialAnyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await DialKnownAsync(cancellationToken);
        }
        catch (LinkException failure) when (settings.Current.Link.Autostart && IsNoDaemonOfThisHome(failure.Kind))
        {
            // A daemon that merely does not answer holds its home's lock; then none is started.
            if (!await starter.StartOnceAsync(settings.Current, cancellationToken))
            {
                throw;
            }
        }

        return await DialKnownAsync(cancellationToken);
    }

    /// <summary>
    /// Nobody is there, or a stranger; or the daemon of another home, which has the default port and knows another token. (Who shares a
    /// daemon across homes says so by a token or a port.) A new daemon listens elsewhere.
    /// </summary>
    private bool IsNoDaemonOfThisHome(LinkFailure failure) => failure switch
    {
        LinkFailure.Unreachable or LinkFailure.NotADaemon => true,
        LinkFailure.Unauthorized => settings.Current.Link is { PortIsDefault: true, Token: null },
        _ => false,
    };

    /// <summary>Where the health file says, then where the settings say.</summary>
    private async Task<ILinkConnection> DialKnownAsync(CancellationToken cancellationToken)
    {
        LinkException? failure = null;
        foreach (var (host, port) in Addresses())
        {
            try
            {
                return await dialer.DialAsync(new LinkEndpoint(host, port, Token(), sessionId, events.Era.Name, Reconnect()), cancellationToken);
            }
            catch (LinkException refused)
            {
                // A daemon that refuses says more than an address at which nobody is, or somebody else.
                failure = failure is null or { Kind: LinkFailure.Unreachable or LinkFailure.NotADaemon } ? refused : failure;
            }
        }

        throw failure ?? new LinkException(LinkFailure.Unreachable, "No daemon is running.");
    }

    private Reconnect? Reconnect() => _lostAt is { } since ? new Reconnect(_attempt, time.GetElapsedTime(since)) : null;

    private IEnumerable<(string Host, int Port)> Addresses()
    {
        var link = settings.Current.Link;
        var known = _dialled = HealthFile.TryReadAddress(settings.Current.Home);
        var fromFile = known is { Port: > 0 and var port } && IsLoopback(link.Host) ? port : 0;
        if (fromFile > 0)
        {
            yield return (link.Host, fromFile);
        }

        if (link.Port > 0 && link.Port != fromFile)
        {
            yield return (link.Host, link.Port);
        }
    }

    private string? Token() => settings.Current.Link.Token ?? TokenFile.TryRead(settings.Current.Home);

    /// <summary>A lost link is dialled again at once, with two exceptions.</summary>
    private async Task AfterLossAsync(int? closeCode, TimeSpan lived, CancellationToken cancellationToken)
    {
        // Wakes from before say nothing about now. A call that came with one is pending, and counts.
        _wake.Reset();
        if (closeCode is LinkContract.GiveWayCloseCode && !events.CallsPending)
        {
            // The daemon needs the place for others: come back when the client needs the daemon.
            await WaitForClientAsync(cancellationToken);
        }
        else if (lived < SteadyLink)
        {
            // A daemon that takes connections and drops them must not be dialled in circles.
            await WaitForDaemonAsync(NewBackoff().Before(0, events.CallsPending), cancellationToken);
        }
    }

    private async Task AfterFailureAsync(LinkException failure, int attempt, long dialedAt, CancellationToken cancellationToken)
    {
        var link = settings.Current.Link;
        var givingUp = link.MaxRetries > 0 && attempt >= link.MaxRetries;
        if (attempt is 1 or 5 or 20 or 50 || (attempt > 50 && attempt % 10 == 0))
        {
            LinkLog.DialFailed(logger, attempt, failure.Message);
        }

        events.DialFailed(failure, dialedAt, givingUp);
        if (givingUp)
        {
            await WaitForClientAsync(cancellationToken);
            return;
        }

        // A wrong token is not retried faster because somebody waits: only another token, or another daemon, helps.
        var unauthorized = failure.Kind is LinkFailure.Unauthorized;
        var wait = NewBackoff().Before(attempt - 1, events.CallsPending && !unauthorized);
        await (unauthorized ? WaitForTokenAsync(wait, cancellationToken) : WaitForDaemonAsync(wait, cancellationToken));
    }

    private async Task WaitForTokenAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var refused = Token();
        while (time.GetElapsedTime(started) < wait && Token() == refused)
        {
            // A delay counts whole milliseconds: less than one would not wait at all.
            var left = wait - time.GetElapsedTime(started) + TimeSpan.FromMilliseconds(1);
            await Task.Delay(left < TokenPoll ? left : TokenPoll, time, cancellationToken);
        }
    }

    private Backoff NewBackoff() => new(settings.Current.Link.ReconnectInitial, settings.Current.Link.ReconnectMax, random);

    private async Task WaitForDaemonAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        // Compared with what the last dial went by: a daemon that came up during that dial must not be missed.
        while (HealthFile.TryReadAddress(settings.Current.Home) is not { } now || now == _dialled)
        {
            var left = wait - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || await _wake.WaitAsync(left < HealthFilePoll ? left : HealthFilePoll, time, cancellationToken))
            {
                return;
            }
        }
    }

    private async Task WaitForClientAsync(CancellationToken cancellationToken)
    {
        while (!await _wake.WaitAsync(TimeSpan.FromHours(1), time, cancellationToken))
        {
            // Nothing else brings this wait to its end.
        }
    }

    private static bool IsLoopback(string host) =>
        host is "localhost" || (System.Net.IPAddress.TryParse(host.Trim('[', ']'), out var address) && System.Net.IPAddress.IsLoopback(address));
}
