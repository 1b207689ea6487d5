using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Shim.Link;

/// <summary>Dials the daemon's <c>/ws</c>. Versions and session travel in the upgrade's headers.</summary>
internal sealed class WebSocketDialer(Func<LinkSettings> settings, TimeProvider time) : ILinkDialer
{
    public async Task<ILinkConnection> DialAsync(LinkEndpoint endpoint, CancellationToken cancellationToken)
    {
        var link = settings();
        var address = $"{endpoint.Host}:{endpoint.Port}";
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(LinkContract.Subprotocol);
        socket.Options.SetRequestHeader(LinkContract.SessionHeader, endpoint.SessionId);
        socket.Options.SetRequestHeader(LinkContract.EraHeader, endpoint.Era);
        socket.Options.SetRequestHeader(LinkContract.ShimVersionHeader, Product.Version);
        if (endpoint.Reconnect is { } reconnect)
        {
            socket.Options.SetRequestHeader(Reconnect.Header, reconnect.ToString());
        }

        if (endpoint.Token is not null)
        {
            socket.Options.SetRequestHeader("Authorization", $"Bearer {endpoint.Token}");
        }

        socket.Options.KeepAliveInterval = link.PingInterval;
        socket.Options.KeepAliveTimeout = link.PingTimeout;
        socket.Options.CollectHttpResponseDetails = true;
        // The link never goes through a proxy: the token must not, and loopback need not.
        socket.Options.Proxy = null;
        using var limit = new CancellationTokenSource(link.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await socket.ConnectAsync(new UriBuilder("ws", endpoint.Host, endpoint.Port, LinkContract.Path).Uri, either.Token);
            return new WebSocketConnection(socket, new BlobClient(endpoint), link.MaxBytes);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            var (status, reason) = (socket.HttpStatusCode, Header(socket, LinkContract.ReasonHeader));
            socket.Dispose();
            throw Explain(failure, status, reason, address, endpoint.Token is not null, limit.IsCancellationRequested, link.ConnectTimeout);
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            throw;
        }
    }

    private static LinkException Explain(
        Exception failure, HttpStatusCode status, string reason, string address, bool hasToken, bool timedOut, TimeSpan limit) => status switch
        {
            HttpStatusCode.Unauthorized => new LinkException(
                LinkFailure.Unauthorized,
                hasToken
                    ? $"The daemon at {address} refused the token. Shim and daemon must share one: the file 'token' in EXAI_HOME, or the same EXAI_WS_TOKEN for both."
                    : $"The daemon at {address} wants a token and this shim has none: there is no file 'token' in its EXAI_HOME. Let both use the same EXAI_HOME, or set EXAI_WS_TOKEN for both.",
                failure),
            HttpStatusCode.UpgradeRequired => new LinkException(
                LinkFailure.VersionRefused,
                $"The daemon at {address} does not talk to this shim's version {Product.Version}. Restart the older of the two: exai restart, or the client's MCP server.",
                failure),
            HttpStatusCode.ServiceUnavailable when reason.Length > 0 => new LinkException(
                LinkFailure.NotNow, $"The daemon at {address} takes no link now: {reason}", failure),
            HttpStatusCode.ServiceUnavailable => new LinkException(
                LinkFailure.NotNow, $"The daemon at {address} is ending; the next one will take its calls over.", failure),
            not default(HttpStatusCode) => new LinkException(
                LinkFailure.NotADaemon, $"Whoever listens at {address} answered {(int)status}: that is no EXAI daemon, or one that does not allow this host. Check EXAI_WS_PORT.", failure),
            _ when timedOut => new LinkException(
                LinkFailure.NotNow, $"Nobody at {address} answered within {limit.TotalSeconds:0.#} s (EXAI_WS_CONNECT_TIMEOUT).", failure),
            _ when failure.GetBaseException() is SocketException socket => new LinkException(
                LinkFailure.Unreachable, $"No daemon is reachable at {address} ({socket.SocketErrorCode}).", failure),
            _ => new LinkException(LinkFailure.NotADaemon, $"Whoever listens at {address} is no EXAI daemon ({failure.GetBaseException().Message}). Check EXAI_WS_PORT.", failure),
        };

    private sealed class WebSocketConnection(ClientWebSocket socket, BlobClient blobs, int largestMessage) : ILinkConnection
    {
        public string Epoch { get; } = Header(socket, LinkContract.EpochHeader);

        public string DaemonVersion { get; } = Header(socket, LinkContract.VersionHeader);

        public int? CloseCode => (int?)socket.CloseStatus;

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
            socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);

        public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
        {
            var message = new ArrayBufferWriter<byte>(4 * 1024);
            try
            {
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await socket.ReceiveAsync(message.GetMemory(4 * 1024), cancellationToken);
                    message.Advance(part.Count);
                    if (message.WrittenCount > largestMessage)
                    {
                        await socket.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, "message too big", cancellationToken);
                        return null;
                    }
                }
                while (!part.EndOfMessage);

                return part.MessageType == WebSocketMessageType.Close ? null : message.WrittenSpan.ToArray();
            }
            catch (WebSocketException)
            {
                return null;
            }
        }

        public async ValueTask CloseAsync(CancellationToken cancellationToken)
        {
            try
            {
                if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", cancellationToken);
                }
            }
            catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or InvalidOperationException)
            {
                // The other side has gone first.
            }
        }

        public Task<bool> HasBlobAsync(string sha256, CancellationToken cancellationToken) => blobs.HasAsync(sha256, cancellationToken);

        public Task SendBlobAsync(string sha256, Stream content, CancellationToken cancellationToken) => blobs.SendAsync(sha256, content, cancellationToken);

        public ValueTask DisposeAsync()
        {
            blobs.Dispose();
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private static string Header(ClientWebSocket socket, string name) =>
        socket.HttpResponseHeaders?.TryGetValue(name, out var values) == true ? values.FirstOrDefault() ?? "" : "";
}
