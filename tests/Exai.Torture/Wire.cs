using System.Net;
using System.Net.Sockets;

namespace Exai.Torture;

/// <summary>A TCP relay between shims and whichever daemon lives now, which can be cut, fall silent and slow down.</summary>
/// <param name="daemonPort">Where the daemon listens now; 0 while nobody knows.</param>
internal sealed class Wire(Func<int> daemonPort) : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();
    private readonly List<Connection> _open = [];
    private readonly List<Task> _serving = [];
    private Task _accepting = Task.CompletedTask;
    private long _chunkDelayMs;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Open()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Ends every connection.</summary>
    public void Cut() => Each(connection => connection.Dispose());

    /// <summary>Every connection stays open, and nothing arrives on it any more; new ones are whole.</summary>
    public void FallSilent() => Each(connection => connection.Silent = true);

    /// <summary>What is sent arrives so much later; zero ends it.</summary>
    public void Slow(TimeSpan delay) => Interlocked.Exchange(ref _chunkDelayMs, (long)delay.TotalMilliseconds);

    public async ValueTask DisposeAsync()
    {
        _end.Cancel();
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
                var connection = new Connection(await _listener.AcceptTcpClientAsync(_end.Token), new TcpClient { NoDelay = true });
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
            await connection.Daemon.ConnectAsync(IPAddress.Loopback, daemonPort() is > 0 and var port ? port : throw new IOException("No daemon."), _end.Token);
            await Task.WhenAny(
                PumpAsync(connection, connection.Shim.GetStream(), connection.Daemon.GetStream()),
                PumpAsync(connection, connection.Daemon.GetStream(), connection.Shim.GetStream()));
        }
        catch (Exception broken) when (broken is SocketException or IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // One side is not there; the other one learns it.
        }

        lock (_gate)
            _open.Remove(connection);
        connection.Dispose();
    }

    private async Task PumpAsync(Connection connection, NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, _end.Token) is > 0 and var count)
            {
                if (Interlocked.Read(ref _chunkDelayMs) is > 0 and var delay)
                    await Task.Delay(TimeSpan.FromMilliseconds(delay), TimeProvider.System, _end.Token);
                if (!connection.Silent)
                    await to.WriteAsync(buffer.AsMemory(0, count), _end.Token);
            }

            // A silent wire does not tell that the other end has gone.
            if (connection.Silent)
                await connection.Ended.Task;
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException or OperationCanceledException)
        {
            if (connection.Silent && !_end.IsCancellationRequested)
                await connection.Ended.Task;
        }
    }

    private sealed class Connection(TcpClient shim, TcpClient daemon) : IDisposable
    {
        private volatile bool _silent;

        public TcpClient Shim { get; } = shim;

        public TcpClient Daemon { get; } = daemon;

        public bool Silent { get => _silent; set => _silent = value; }

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose()
        {
            Shim.Dispose();
            Daemon.Dispose();
            Ended.TrySetResult();
        }
    }
}
