using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Exai.Settings.Certificates;

namespace Exai.Shim.Link;

/// <summary>
/// TLS over a connected socket, in the words in which the link uses the socket itself. Apart from everything else: a link without TLS must not load it.
/// One sender and one receiver at a time.
/// </summary>
internal sealed class TlsChannel : IDisposable
{
    private readonly SslStream _stream;

    private TlsChannel(SslStream stream) => _stream = stream;

    /// <summary>Shakes hands as the client.</summary>
    /// <param name="socket">Connected. It stays the caller's.</param>
    /// <exception cref="LinkException">The other end speaks no TLS, or its certificate is not one to trust.</exception>
    /// <exception cref="IOException">It ended the connection.</exception>
    public static async Task<TlsChannel> OpenAsync(Socket socket, LinkEndpoint endpoint, CancellationToken cancellationToken)
    {
        var check = new ServerCheck(endpoint.Tls!, endpoint.Host);
        var heard = new FirstByteStream(socket);
        var stream = new SslStream(heard, leaveInnerStreamOpen: false);
        try
        {
            await stream.AuthenticateAsClientAsync(check.Options(), cancellationToken);
            return new TlsChannel(stream);
        }
        catch (Exception failure)
        {
            await stream.DisposeAsync();
            throw failure switch
            {
                OperationCanceledException => failure,
                _ when check.Refusal is { } refusal => new LinkException(
                    LinkFailure.Untrusted, $"The TLS certificate of the daemon at {endpoint.Address} is not accepted. {refusal}", failure),
                _ when heard.FirstByte is { } first && !IsTls(first) => new LinkException(
                    LinkFailure.Untrusted,
                    $"Whoever listens at {endpoint.Address} speaks no TLS. Give the daemon a certificate (EXAI_TLS_CERT, EXAI_TLS_KEY), or write the address without wss:// in EXAI_WS_ENDPOINTS.",
                    failure),
                AuthenticationException => new LinkException(
                    LinkFailure.Untrusted, $"No TLS with the daemon at {endpoint.Address}: {(failure.InnerException ?? failure).Message} Both ends need TLS 1.2 or 1.3.", failure),
                _ => new IOException("it ended the connection while TLS began", failure),
            };
        }
    }

    /// <returns>How many bytes; 0 when the other side has ended the connection.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await _stream.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception failure) when (IsLoss(failure))
        {
            throw Lost(failure);
        }
    }

    /// <summary>Sends all of it; what was cancelled half-way leaves a connection that is of no use.</summary>
    /// <returns>How many bytes that were.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await _stream.WriteAsync(bytes, cancellationToken);
            return bytes.Length;
        }
        catch (Exception failure) when (IsLoss(failure))
        {
            throw Lost(failure);
        }
    }

    public void Dispose() => _stream.Dispose();

    private static IOException Lost(Exception failure) => new($"The encrypted link is lost ({failure.Message}).", failure);

    private static bool IsLoss(Exception failure) =>
        failure is IOException or SocketException or AuthenticationException or CryptographicException or InvalidOperationException and not ObjectDisposedException;

    /// <summary>Change of cipher, alert, handshake, data: the records of TLS.</summary>
    private static bool IsTls(byte first) => first is >= 20 and <= 23;

    /// <summary>Remembers how the other side began, which tells a server without TLS from one that says no.</summary>
    private sealed class FirstByteStream(Socket socket) : NetworkStream(socket, ownsSocket: false)
    {
        public byte? FirstByte { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            FirstByte is null ? ReadFirstAsync(buffer, cancellationToken) : base.ReadAsync(buffer, cancellationToken);

        private async ValueTask<int> ReadFirstAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            var count = await base.ReadAsync(buffer, cancellationToken);
            if (count > 0)
            {
                FirstByte ??= buffer.Span[0];
            }

            return count;
        }
    }
}
