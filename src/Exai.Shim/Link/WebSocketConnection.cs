using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Shim.Link;

/// <summary>
/// The client's end of a WebSocket (RFC 6455): whole text messages both ways, pings, close codes. The framework's own brings its HTTP
/// client along, which costs a shim more time and memory than all the rest of it.
/// </summary>
internal sealed class WebSocketConnection : ILinkConnection
{
    public const int NormalClosure = 1000;
    private const int UsualBuffer = 16 * 1024;

    /// <summary>Far above what results are cut to. What is too long for the client is the relay's business: to end the link for it would bring it again, for ever.</summary>
    private const int LongestAnswer = 64 * 1024 * 1024;

    private readonly Socket _socket;
    private readonly TlsChannel? _tls;
    private readonly LinkEndpoint _endpoint;
    private readonly LinkSettings _settings;
    private readonly Random _random;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _keepingAlive;
    private byte[] _received;
    private int _start;
    private int _length;
    private long _lastReceived;
    private BlobClient? _blobs;

    /// <param name="socket">Belongs to the connection from now on.</param>
    /// <param name="tls">Over the socket, and the connection's from now on; null for a plain link.</param>
    /// <param name="received">What came after the upgrade's answer.</param>
    /// <param name="random">For this connection alone.</param>
    public WebSocketConnection(
        Socket socket, TlsChannel? tls, UpgradeAnswer answer, ReadOnlySpan<byte> received, LinkEndpoint endpoint, LinkSettings settings, Random random, TimeProvider time)
    {
        (_socket, _tls, _endpoint, _settings, _random, _time) = (socket, tls, endpoint, settings, random, time);
        (Epoch, DaemonVersion) = (answer.Header(LinkContract.EpochHeader), answer.Header(LinkContract.VersionHeader));
        _received = new byte[Math.Max(UsualBuffer, received.Length)];
        received.CopyTo(_received);
        _length = received.Length;
        _lastReceived = time.GetTimestamp();
        _keepingAlive = KeepAliveAsync();
    }

    public string Epoch { get; }

    public string DaemonVersion { get; }

    public int? CloseCode { get; private set; }

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => SendAsync(FrameKind.Text, message, cancellationToken);

    public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
    {
        byte[] begun = [];
        try
        {
            while (true)
            {
                if (WebSocketFrame.TryRead(_received.AsSpan(_start, _length)) is not { } frame)
                {
                    if (!await FillAsync(WebSocketFrame.LongestHeader, cancellationToken))
                    {
                        return null;
                    }

                    continue;
                }

                if (frame.Length > Math.Max(_settings.MaxBytes, LongestAnswer) - begun.Length)
                {
                    await SendCloseAsync(LinkContract.TooBigCloseCode, cancellationToken);
                    return null;
                }

                while (_length < frame.HeaderLength + frame.Length)
                {
                    if (!await FillAsync(frame.HeaderLength + (int)frame.Length, cancellationToken))
                    {
                        return null;
                    }
                }

                var payload = Take(frame);
                switch (frame.Kind)
                {
                    case FrameKind.Close:
                        CloseCode = payload.Length >= sizeof(ushort) ? BinaryPrimitives.ReadUInt16BigEndian(payload) : null;
                        await SendCloseAsync(CloseCode ?? NormalClosure, cancellationToken);
                        return null;
                    case FrameKind.Ping:
                        await SendAsync(FrameKind.Pong, payload, cancellationToken);
                        break;
                    case FrameKind.Pong:
                        break;
                    default:
                        begun = begun.Length == 0 ? payload : [.. begun, .. payload];
                        if (frame.IsLast)
                        {
                            return begun;
                        }

                        break;
                }
            }
        }
        catch (Exception lost) when (lost is SocketException or IOException or ObjectDisposedException)
        {
            return null;
        }
    }

    public async ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await SendCloseAsync(NormalClosure, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side has gone first.
        }
    }

    public Task<bool> HasBlobAsync(string sha256, CancellationToken cancellationToken) => Blobs.HasAsync(sha256, cancellationToken);

    public Task SendBlobAsync(string sha256, Stream content, CancellationToken cancellationToken) => Blobs.SendAsync(sha256, content, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _end.Cancel();
        _socket.Dispose();
        await _keepingAlive;
        _tls?.Dispose();
        _blobs?.Dispose();
        _end.Dispose();
    }

    /// <summary>Made for the first file: most sessions name none.</summary>
    private BlobClient Blobs
    {
        get
        {
            ObjectDisposedException.ThrowIf(_end.IsCancellationRequested, this);
            return _blobs ??= new BlobClient(_endpoint);
        }
    }

    private async ValueTask SendAsync(FrameKind kind, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var frame = ArrayPool<byte>.Shared.Rent(payload.Length + WebSocketFrame.LongestHeader);
        await _sending.WaitAsync(cancellationToken);
        try
        {
            var length = WebSocketFrame.Write(frame, kind, payload.Span, (uint)_random.Next());
            for (var sent = 0; sent < length;)
            {
                var rest = frame.AsMemory(sent, length - sent);
                sent += await (_tls is null ? _socket.SendAsync(rest, SocketFlags.None, cancellationToken) : _tls.SendAsync(rest, cancellationToken));
            }
        }
        catch (SocketException lost)
        {
            throw new IOException($"The link is lost ({lost.SocketErrorCode}).", lost);
        }
        finally
        {
            _sending.Release();
        }

        // Only then: a send that failed or was cancelled may still read it.
        ArrayPool<byte>.Shared.Return(frame);
    }

    private ValueTask SendCloseAsync(int code, CancellationToken cancellationToken) =>
        SendAsync(FrameKind.Close, new[] { (byte)(code >> 8), (byte)code }, cancellationToken);

    /// <summary>Receives more; false when the other side has ended the connection.</summary>
    /// <param name="needed">So many bytes will have to be in the buffer at once.</param>
    private async ValueTask<bool> FillAsync(int needed, CancellationToken cancellationToken)
    {
        if (_start + needed > _received.Length || _length == 0)
        {
            MakeRoom(needed);
        }

        var room = _received.AsMemory(_start + _length);
        var count = await (_tls is null ? _socket.ReceiveAsync(room, SocketFlags.None, cancellationToken) : _tls.ReceiveAsync(room, cancellationToken));
        _length += count;
        Volatile.Write(ref _lastReceived, _time.GetTimestamp());
        return count > 0;
    }

    /// <summary>Moves what is there to the front, of a buffer that is as long as it has to be: a long message must not hold its memory for the rest of the link.</summary>
    private void MakeRoom(int needed)
    {
        var waiting = _received.AsSpan(_start, _length);
        if (needed > _received.Length || (_received.Length > UsualBuffer && Math.Max(needed, _length) <= UsualBuffer))
        {
            _received = new byte[Math.Max(UsualBuffer, needed)];
        }

        waiting.CopyTo(_received);
        _start = 0;
    }

    private byte[] Take(WebSocketFrame frame)
    {
        var payload = _received.AsSpan(_start + frame.HeaderLength, (int)frame.Length).ToArray();
        _start += frame.HeaderLength + payload.Length;
        _length -= frame.HeaderLength + payload.Length;
        return payload;
    }

    /// <summary>False when the connection takes nothing: a message waits before the ping, and nobody reads.</summary>
    private async Task<bool> TryPingAsync()
    {
        using var patience = new CancellationTokenSource(_settings.PingTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _end.Token);
        try
        {
            await SendAsync(FrameKind.Ping, default, either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!_end.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Pings a daemon that says nothing, and ends the connection with one that says nothing after that either.</summary>
    private async Task KeepAliveAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(_settings.PingInterval, _time, _end.Token);
                if (_time.GetElapsedTime(Volatile.Read(ref _lastReceived)) < _settings.PingInterval)
                {
                    continue;
                }

                var asked = _time.GetTimestamp();
                if (!await TryPingAsync())
                {
                    _socket.Dispose();
                    return;
                }

                while (Volatile.Read(ref _lastReceived) <= asked)
                {
                    if (_time.GetElapsedTime(asked) >= _settings.PingTimeout)
                    {
                        // Whoever receives on it hears of its end.
                        _socket.Dispose();
                        return;
                    }

                    var left = _settings.PingTimeout - _time.GetElapsedTime(asked) + TimeSpan.FromMilliseconds(1);
                    await Task.Delay(left < _settings.PingInterval ? left : _settings.PingInterval, _time, _end.Token);
                }
            }
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The connection has ended.
        }
    }
}
