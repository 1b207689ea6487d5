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
/// Disconnected ends at once when a call comes or the health file names another daemon. With EXAI_WS_ENDPOINTS each attempt asks every daemon
/// once, without a wait between them, and a daemon that drains is left as soon as another one has taken the link (Ready → Ready).
/// </summary>
internal sealed class LinkLoop(
    ShimSettings settings, ILinkDialer dialer, DaemonStarter starter, ILinkEvents events, string sessionId, string ownIdPrefix,
    Random random, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan HealthFilePoll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan TrustPoll = TimeSpan.FromSeconds(1);

    /// <summary>A link that lived less long was not worth much.</summary>
    private static readonly TimeSpan SteadyLink = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan GoodbyePatience = TimeSpan.FromSeconds(1);

    private readonly WakeSignal _wake = new();
    private readonly LinkConnector _connector = new(settings, dialer, starter, events, sessionId, ownIdPrefix, time);
    private volatile LinkSession? _session;
    private long? _lostAt;
    private int _shortLinks;

    /// <summary>Called, more than once, while there has been no link yet and the shim waits for a daemon that takes it.</summary>
    public Action? OnWaiting { get; init; }

    /// <summary>A client message needs the daemon: dial now rather than later.</summary>
    public void Wake() => _wake.Wake();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await WaitForClientAsync(cancellationToken);
        var attempt = 0;
        var downSince = time.GetTimestamp();
        while (true)
        {
            attempt++;
            // A call that comes from now on has not been tried yet: it ends the wait after this attempt.
            _wake.Reset();
            var dialedAt = time.GetTimestamp();
            try
            {
                settings.Reload();
                var session = await _connector.ConnectAsync(attempt, _lostAt, cancellationToken);
                LinkLog.Ready(logger, session.Epoch, session.DaemonVersion, attempt, (long)time.GetElapsedTime(downSince).TotalMilliseconds);
                attempt = 0;
                var loss = await UseAsync(session, cancellationToken);
                _lostAt = downSince = time.GetTimestamp();
                await AfterLossAsync(loss, cancellationToken);
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

    /// <summary>Relays over the session, and over those to which the link moves on from it, until one ends that nothing follows.</summary>
    private async Task<Loss> UseAsync(LinkSession session, CancellationToken cancellationToken)
    {
        while (true)
        {
            var readySince = time.GetTimestamp();
            if (await RelayAsync(session, cancellationToken) is not { } next)
            {
                return new Loss(session.CloseCode, session.FellSilent, time.GetElapsedTime(readySince));
            }

            LinkLog.MovedOn(logger, session.Epoch, next.Epoch);
            session = next;
        }
    }

    /// <summary>Relays until the connection ends; the relay hears of its end however it ends.</summary>
    /// <returns>The session that has taken its place; null when none has.</returns>
    private async Task<LinkSession?> RelayAsync(LinkSession session, CancellationToken cancellationToken)
    {
        await using var disposing = session;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _session = session;
        LinkSession? next;
        var movingOn = MoveOnAsync(session, over.Token);
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
            over.Cancel();
            next = await movingOn;
            _session = null;
            if (next is null)
            {
                LinkLog.Lost(logger, session.CloseCode);
            }

            events.LinkDown(session);
        }

        if (cancellationToken.IsCancellationRequested && next is not null)
        {
            await next.DisposeAsync();
        }

        cancellationToken.ThrowIfCancellationRequested();
        return next;
    }

    /// <summary>
    /// Waits until the session's daemon drains, then for another one that takes the link: calls and their progress go on here until then. Only with
    /// EXAI_WS_ENDPOINTS: anywhere else nobody is there before the daemon has ended. The address that drains is asked too, last: it may be a balancer's.
    /// </summary>
    /// <returns>The next session, after which this one is closed; null when this one ended first.</returns>
    private async Task<LinkSession?> MoveOnAsync(LinkSession session, CancellationToken over)
    {
        if (settings.Current.Link.Endpoints.Count == 0)
        {
            return null;
        }

        LinkSession? next = null;
        try
        {
            await session.WhenDrainingAsync(over);
            _connector.OnSentAway();
            var since = time.GetTimestamp();
            for (var attempt = 1; (next = await TryConnectAsync(attempt, since, over)) is null; attempt++)
            {
                await Task.Delay(NewBackoff().Before(attempt - 1, events.CallsPending), time, over);
            }

            using var polite = new CancellationTokenSource(GoodbyePatience, time);
            await session.CloseAsync(polite.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // This session has ended.
        }
        catch (Exception defect)
        {
            // The search goes on when this session has ended.
            LinkLog.LinkDefect(logger, defect);
        }

        return next;
    }

    private async Task<LinkSession?> TryConnectAsync(int attempt, long since, CancellationToken cancellationToken)
    {
        try
        {
            return await _connector.ConnectAsync(attempt, since, cancellationToken);
        }
        catch (LinkException)
        {
            // None of them takes the link now.
            return null;
        }
    }

    /// <summary>A lost link is dialled again at once, with two exceptions.</summary>
    private async Task AfterLossAsync(Loss loss, CancellationToken cancellationToken)
    {
        // Wakes from before say nothing about now. A call that came with one is pending, and counts.
        _wake.Reset();
        _shortLinks = loss.Lived < SteadyLink ? _shortLinks + 1 : 0;
        if (_shortLinks == 0)
        {
            _connector.OnUsed();
        }

        if (loss.CloseCode is LinkContract.RestartCloseCode or LinkContract.GiveWayCloseCode || loss.FellSilent || _shortLinks > 0)
        {
            _connector.OnSentAway();
        }

        if (loss.CloseCode is LinkContract.GiveWayCloseCode && !events.CallsPending)
        {
            // The daemon needs the place for others: come back when the client needs the daemon.
            await WaitForClientAsync(cancellationToken);
        }
        else if (_shortLinks >= Math.Max(settings.Current.Link.Endpoints.Count, 1))
        {
            // Daemons that take connections and drop them must not be dialled in circles.
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

        // A wrong token or certificate is not retried faster because somebody waits: only another one, or another daemon, helps.
        var refused = failure.Kind.IsRefusal();
        var wait = NewBackoff().Before(attempt - 1, events.CallsPending && !refused);
        await (refused ? WaitForTrustAsync(failure.Kind, wait, cancellationToken) : WaitForDaemonAsync(wait, cancellationToken));
    }

    private async Task WaitForTrustAsync(LinkFailure refusal, TimeSpan wait, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var refused = _connector.Trust(refusal);
        while (time.GetElapsedTime(started) < wait && _connector.Trust(refusal) == refused)
        {
            // A delay counts whole milliseconds: less than one would not wait at all.
            var left = wait - time.GetElapsedTime(started) + TimeSpan.FromMilliseconds(1);
            await Task.Delay(left < TrustPoll ? left : TrustPoll, time, cancellationToken);
        }
    }

    private Backoff NewBackoff() => new(settings.Current.Link.ReconnectInitial, settings.Current.Link.ReconnectMax, random);

    private async Task WaitForDaemonAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        if (_lostAt is null)
        {
            OnWaiting?.Invoke();
        }

        // Of daemons elsewhere the file of this home tells nothing.
        var looksAtFile = settings.Current.Link.Endpoints.Count == 0;
        if (looksAtFile && IsAnotherNamed())
        {
            return;
        }

        // Looked at where the timer fires: to wake another thread for each look would cost a waiting shim more than the look.
        await using var looking = looksAtFile
            ? time.CreateTimer(_ => WakeForAnother(), null, HealthFilePoll, HealthFilePoll)
            : null;
        await _wake.WaitAsync(wait, time, cancellationToken);
    }

    /// <summary>Compared with what the last dial went by: a daemon that came up during that dial must not be missed.</summary>
    private bool IsAnotherNamed() => HealthFile.TryReadAddress(settings.Current.Home) is { } now && now != _connector.Dialled;

    private void WakeForAnother()
    {
        try
        {
            if (!IsAnotherNamed())
            {
                return;
            }
        }
        catch (Exception)
        {
            // Thrown from a timer it would end the process. The next dial reads the same, and tells of it.
        }

        _wake.Wake();
    }

    private async Task WaitForClientAsync(CancellationToken cancellationToken)
    {
        while (!await _wake.WaitAsync(TimeSpan.FromHours(1), time, cancellationToken))
        {
            // Nothing else brings this wait to its end.
        }
    }

    /// <summary>How a link ended.</summary>
    /// <param name="Lived">From its readiness on.</param>
    private readonly record struct Loss(int? CloseCode, bool FellSilent, TimeSpan Lived);
}
