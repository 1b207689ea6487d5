using System.Net;
using System.Net.Sockets;

namespace Exai.Torture;

/// <summary>A TCP relay between shims and whichever daemon lives now, or between a daemon and its database, which can be cut, fall silent and slow down.</summary>
/// <param name="daemon">Who is called now; null while nobody knows.</param>
internal sealed class Wire(Func<EndPoint?> daemon) : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();
    private readonly List<Connection> _open = [];
    private readonly List<Task> _serving = [];
    private Task _accepting = Task.CompletedTask;
    private long _chunkDelayMs;
    private volatile TaskCompletionSource? _held;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>To a port of this machine.</summary>
    public static EndPoint? To(int? port) => port > 0 ? new IPEndPoint(IPAddress.Loopback, port.Value) : null;

    public void Open()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Ends every connection.</summary>
    public void Cut() => Each(connection => connection.Dispose());

    /// <summary>Every connection stays open, and nothing arrives on it any more; new ones are whole.</summary>
    public void FallSilent() => Each(connection => connection.Silent = true);

    /// <summary>
    /// As a network that is parted: nothing passes, in either direction, not even that somebody has ended; new connections reach nobody. What was sent arrives
    /// when it is whole again.
    /// </summary>
    public void Hold() => _held ??= new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>It is whole again.</summary>
    public void Release()
    {
        var held = _held;
        _held = null;
        held?.TrySetResult();
    }

    /// <summary>What is sent arrives so much later; zero ends it.</summary>
    public void Slow(TimeSpan delay) => Interlocked.Exchange(ref _chunkDelayMs, (long)delay.TotalMilliseconds);

    public async ValueTask DisposeAsync()
    {
        _end.Cancel();
        Release();
        _listener.Dispose();
        Cut();
        await _accepting;
        await Task.WhenAll(_serving);
        _end.Dispose();
    }

    private void Each(Action<Connection> change)
    {
        lock (_gate)
            _open.ForEach(change);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var connection = new Connection(await _listener.AcceptSocketAsync(_end.Token));
                lock (_gate)
                    _open.Add(connection);
                _serving.RemoveAll(task => task.IsCompleted);
                _serving.Add(ServeAsync(connection));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    private async Task ServeAsync(Connection connection)
    {
        try
        {
            await WholeAsync();
            await connection.DialAsync(daemon() ?? throw new IOException("No daemon."), _end.Token);
            await Task.WhenAny(
                PumpAsync(connection, connection.Shim, connection.Daemon!),
                PumpAsync(connection, connection.Daemon!, connection.Shim));
        }
        catch (Exception broken) when (broken is SocketException or IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // One side is not there; the other one learns it.
        }

        lock (_gate)
            _open.Remove(connection);
        connection.Dispose();
    }

    private async Task PumpAsync(Connection connection, Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _end.Token) is > 0 and var count)
            {
                await WholeAsync();
                if (Interlocked.Read(ref _chunkDelayMs) is > 0 and var delay)
                    await Task.Delay(TimeSpan.FromMilliseconds(delay), TimeProvider.System, _end.Token);
                if (!connection.Silent)
                    await SendAsync(to, buffer.AsMemory(0, count));
            }

            await WholeAsync();

            // A silent wire does not tell that the other end has gone.
            if (connection.Silent)
                await connection.Ended.Task;
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            await (_held?.Task ?? Task.CompletedTask);
            if (connection.Silent && !_end.IsCancellationRequested)
                await connection.Ended.Task;
        }
    }

    private async ValueTask SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await to.SendAsync(bytes, _end.Token)..];
    }

    private Task WholeAsync() => _held?.Task.WaitAsync(_end.Token) ?? Task.CompletedTask;

    private sealed class Connection(Socket shim) : IDisposable
    {
        private volatile bool _silent;
        private volatile bool _disposed;

        public Socket Shim { get; } = shim;

        public Socket? Daemon { get; private set; }

        public bool Silent { get => _silent; set => _silent = value; }

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <exception cref="SocketException">Nobody is there.</exception>
        public async Task DialAsync(EndPoint daemon, CancellationToken cancellationToken)
        {
            Shim.NoDelay = true;
            Daemon = daemon.AddressFamily == AddressFamily.Unix
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await Daemon.ConnectAsync(daemon, cancellationToken);
            // It may have been cut meanwhile.
            ObjectDisposedException.ThrowIf(_disposed, this);
        }

        public void Dispose()
        {
            _disposed = true;
            Shim.Dispose();
            Daemon?.Dispose();
            Ended.TrySetResult();
        }
    }
}
