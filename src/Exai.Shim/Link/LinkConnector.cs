using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Certificates;
using Exai.Settings.Home;
using Exai.Shim.Lifecycle;
using Exai.Shim.Messages;

namespace Exai.Shim.Link;

/// <summary>
/// One attempt to have a link: with the daemon of this home, which is started if need be, or with any of those that EXAI_WS_ENDPOINTS names. What it
/// returns has been proven to lead to a daemon that answers, and the relay has been told. One attempt at a time.
/// </summary>
internal sealed class LinkConnector(
    ShimSettings settings, ILinkDialer dialer, DaemonStarter starter, ILinkEvents events, string sessionId, string ownIdPrefix, TimeProvider time)
{
    private readonly EndpointOrder _order = new(sessionId);
    private int _epochs;
    private int _attempt;
    private long? _lostAt;

    /// <summary>What the health file said at the last attempt.</summary>
    public DaemonAddress? Dialled { get; private set; }

    /// <summary>The daemon that has, or had, the link is to be asked last.</summary>
    public void OnSentAway() => _order.OnSentAway();

    /// <summary>The link that ends now was of use.</summary>
    public void OnUsed() => _order.Forget();

    /// <summary>Asks whoever may take the link, once.</summary>
    /// <param name="attempt">The how manieth since there was a link; the first is 1.</param>
    /// <param name="lostAt">When there was one last, as a timestamp of the shim's clock; null when there was none yet.</param>
    /// <exception cref="LinkException">Nobody took it.</exception>
    public Task<LinkSession> ConnectAsync(int attempt, long? lostAt, CancellationToken cancellationToken)
    {
        (_attempt, _lostAt) = (attempt, lostAt);
        return settings.Current.Link.Endpoints is { Count: > 0 } endpoints ? ConnectToAnyAsync(endpoints, cancellationToken) : ConnectToOwnAsync(cancellationToken);
    }

    /// <summary>Asks each daemon once, at once.</summary>
    private async Task<LinkSession> ConnectToAnyAsync(IReadOnlyList<LinkAddress> endpoints, CancellationToken cancellationToken)
    {
        var patience = EndpointOrder.Patience(_attempt, settings.Current.Link.ConnectTimeout);
        List<LinkException> refusals = [];
        foreach (var address in _order.Of(endpoints))
        {
            try
            {
                var connection = await dialer.DialAsync(EndpointAt(address.Host, address.Port, Elsewhere(address)) with { Patience = patience }, cancellationToken);
                var session = await ValidateAsync(connection, cancellationToken);
                _order.OnLinked(address);
                return session;
            }
            catch (LinkException refused)
            {
                refusals.Add(refused);
            }
        }

        throw LinkException.Of(refusals);
    }

    private async Task<LinkSession> ConnectToOwnAsync(CancellationToken cancellationToken) => await ValidateAsync(await DialAnyAsync(cancellationToken), cancellationToken);

    private async Task<LinkSession> ValidateAsync(ILinkConnection connection, CancellationToken cancellationToken)
    {
        var session = new LinkSession(connection, settings.Current.Link, events.Era, ownIdPrefix, time);
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
        LinkFailure.Untrusted => settings.Current.Link.PortIsDefault,
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
                return await dialer.DialAsync(EndpointAt(host, port, TlsTrust.Own(settings.Current.Link.Tls, Dialled)), cancellationToken);
            }
            catch (LinkException refused)
            {
                // A daemon that refuses says more than an address at which nobody is, or somebody else. But beside a daemon that showed a
                // certificate and is away, one without it is a stranger.
                failure = failure is null || (failure.Kind is LinkFailure.Unreachable or LinkFailure.NotADaemon && refused.Kind is not LinkFailure.Untrusted) ? refused : failure;
            }
        }

        throw failure ?? new LinkException(LinkFailure.Unreachable, "No daemon is running.");
    }

    private LinkEndpoint EndpointAt(string host, int port, TlsTrust? tls) => new(host, port, Token(), sessionId, events.Era.Name, Reconnect()) { Tls = tls };

    private TlsTrust? Elsewhere(LinkAddress address) => address.Tls ? TlsTrust.Elsewhere(settings.Current.Link.Tls) : null;

    private Reconnect? Reconnect() => _lostAt is { } since ? new Reconnect(_attempt, time.GetElapsedTime(since)) : null;

    private IEnumerable<(string Host, int Port)> Addresses()
    {
        var link = settings.Current.Link;
        var known = Dialled = HealthFile.TryReadAddress(settings.Current.Home);
        var fromFile = known is { Port: > 0 and var port } && link.HostIsLoopback ? port : 0;
        if (fromFile > 0)
        {
            yield return (link.Host, fromFile);
        }

        if (link.Port > 0 && link.Port != fromFile)
        {
            yield return (link.Host, link.Port);
        }
    }

    /// <summary>By what shim and daemon know each other, as it is now: when it changes, one that was refused, or refused this shim, is worth another dial.</summary>
    public (string? Token, DaemonAddress? Shown, DateTime Authorities) Trust(LinkFailure refusal)
    {
        var link = settings.Current.Link;
        return refusal is not LinkFailure.Untrusted ? (Token(), null, default) : (
            null, link.Endpoints.Count == 0 ? HealthFile.TryReadAddress(settings.Current.Home) : null, link.Tls.Authorities is { } file ? File.GetLastWriteTimeUtc(file) : default);
    }

    /// <summary>The shared secret, as it is now; null when there is none yet.</summary>
    private string? Token() => settings.Current.Link.Token ?? TokenFile.TryRead(settings.Current.Home);
}
