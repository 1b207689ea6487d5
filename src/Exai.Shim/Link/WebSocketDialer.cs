using System.Net;
using System.Net.Sockets;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Shim.Link;

/// <summary>Dials the daemon's <c>/ws</c>. Versions and session travel in the upgrade's headers. Never through a proxy: the token must not, and loopback need not.</summary>
internal sealed class WebSocketDialer(Func<LinkSettings> settings, Random random, TimeProvider time) : ILinkDialer
{
    public async Task<ILinkConnection> DialAsync(LinkEndpoint endpoint, CancellationToken cancellationToken)
    {
        var link = settings();
        var address = endpoint.Address;
        var patience = endpoint.Patience ?? link.ConnectTimeout;
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        TlsChannel? tls = null;
        try
        {
            if (await ConnectAsync(socket, EndPointOf(endpoint), either.Token) is not SocketError.Success and var error)
            {
                throw new LinkException(LinkFailure.Unreachable, $"No daemon is reachable at {address} ({error}).");
            }

            tls = endpoint.Tls is null ? null : await TlsChannel.OpenAsync(socket, endpoint, either.Token);
            var (answer, received) = await UpgradeAsync(socket, tls, endpoint, either.Token);
            return answer.IsLink
                ? new WebSocketConnection(socket, tls, answer, received.Span, endpoint, link, NewRandom(), time)
                : throw Refused(answer, address, endpoint.Token is not null);
        }
        catch (Exception failure)
        {
            socket.Dispose();
            tls?.Dispose();
            if (failure is LinkException || (failure is OperationCanceledException && cancellationToken.IsCancellationRequested))
            {
                throw;
            }

            throw Explain(failure, endpoint, limit.IsCancellationRequested, patience);
        }
    }

    /// <summary>
    /// Without the framework's exception, which reads the source lines of its stack from the symbol files: nobody at the address is the usual
    /// state of a shim that waits for a daemon.
    /// </summary>
    private static async Task<SocketError> ConnectAsync(Socket socket, EndPoint endPoint, CancellationToken cancellationToken)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var connecting = new SocketAsyncEventArgs { RemoteEndPoint = endPoint };
        connecting.Completed += (_, _) => ended.TrySetResult();
        if (socket.ConnectAsync(connecting))
        {
            await using var cancelling = cancellationToken.Register(() => Socket.CancelConnectAsync(connecting));
            await ended.Task;
        }

        cancellationToken.ThrowIfCancellationRequested();
        return connecting.SocketError;
    }

    /// <summary>The head of the answer, and what has come behind it.</summary>
    private async Task<(UpgradeAnswer Answer, ReadOnlyMemory<byte> Received)> UpgradeAsync(Socket socket, TlsChannel? tls, LinkEndpoint endpoint, CancellationToken cancellationToken)
    {
        var request = Upgrade.Request(endpoint, NewRandom());
        await (tls is null ? socket.SendAsync(request, SocketFlags.None, cancellationToken) : tls.SendAsync(request, cancellationToken));
        var received = new byte[Upgrade.LongestAnswer];
        var count = 0;
        while (await (tls is null ? socket.ReceiveAsync(received.AsMemory(count), SocketFlags.None, cancellationToken) : tls.ReceiveAsync(received.AsMemory(count), cancellationToken)) is > 0 and var more)
        {
            count += more;
            if (Upgrade.TryRead(received.AsSpan(0, count), out var length) is { } answer)
            {
                return (answer, received.AsMemory(length, count - length));
            }
        }

        throw new IOException(tls is null ? "it ended the connection without an answer, as one with TLS does" : "it ended the connection without an answer");
    }

    /// <summary>One for each use: the dialers of both eras share the source.</summary>
    private Random NewRandom()
    {
        lock (random)
        {
            return new Random(random.Next());
        }
    }

    private static EndPoint EndPointOf(LinkEndpoint endpoint) =>
        IPAddress.TryParse(endpoint.Host.AsSpan().Trim("[]"), out var address) ? new IPEndPoint(address, endpoint.Port) : new DnsEndPoint(endpoint.Host, endpoint.Port);

    private static LinkException Refused(UpgradeAnswer answer, string address, bool hasToken) => (answer.Status, answer.Header(LinkContract.ReasonHeader)) switch
    {
        (401, _) => new LinkException(
            LinkFailure.Unauthorized,
            hasToken
                ? $"The daemon at {address} refused the token. Shim and daemon must share one: the file 'token' in EXAI_HOME, or the same EXAI_WS_TOKEN for both."
                : $"The daemon at {address} wants a token and this shim has none: there is no file 'token' in its EXAI_HOME. Let both use the same EXAI_HOME, or set EXAI_WS_TOKEN for both."),
        (426, _) => new LinkException(
            LinkFailure.VersionRefused,
            $"The daemon at {address} does not talk to this shim's version {Product.Version}. Restart the older of the two: exai restart, or the client's MCP server."),
        (503, { Length: > 0 } reason) => new LinkException(LinkFailure.NotNow, $"The daemon at {address} takes no link now: {reason}"),
        (503, _) => new LinkException(LinkFailure.NotNow, $"The daemon at {address} is ending; the next one will take its calls over."),
        var (status, _) => new LinkException(
            LinkFailure.NotADaemon, $"Whoever listens at {address} answered {status}: that is no EXAI daemon, or one that does not allow this host. Check EXAI_WS_PORT, or the daemon's EXAI_ALLOWED_HOSTS."),
    };

    private static LinkException Explain(Exception failure, LinkEndpoint endpoint, bool timedOut, TimeSpan limit) => failure switch
    {
        _ when timedOut => new LinkException(
            LinkFailure.NotNow, $"Nobody at {endpoint.Address} answered within {limit.TotalSeconds:0.#} s{(endpoint.Patience is null ? " (EXAI_WS_CONNECT_TIMEOUT)" : "")}.", failure),
        SocketException lost => new LinkException(LinkFailure.Unreachable, $"No daemon is reachable at {endpoint.Address} ({lost.SocketErrorCode}).", failure),
        _ => new LinkException(
            LinkFailure.NotADaemon,
            $"Whoever listens at {endpoint.Address} is no EXAI daemon ({failure.Message}). Check EXAI_WS_PORT, or EXAI_WS_ENDPOINTS, where wss://host:port asks for TLS.",
            failure),
    };
}
