using System.Net;
using System.Net.Sockets;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>A wire between shim and daemon that can be held and cut, so that a result can be lost after it was sent.</summary>
internal sealed class LinkProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();
    private readonly List<TcpClient> _open = [];
    private readonly List<Task> _pumps = [];
    private readonly Task _accepting;
    private volatile bool _losesAnswers;

    public LinkProxy()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Where the daemon listens now.</summary>
    public int DaemonPort { get; set; }

    /// <summary>From now on nothing that the daemon says arrives.</summary>
    public void LoseAnswers() => _losesAnswers = true;

    /// <summary>Breaks every connection; later ones are whole again.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            _open.ForEach(client => client.Dispose());
            _open.Clear();
            _losesAnswers = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _end.Cancel();
        _listener.Stop();
        Cut();
        await _accepting;
        await Task.WhenAll(_pumps);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var shim = await _listener.AcceptTcpClientAsync(_end.Token);
                var daemon = new TcpClient { NoDelay = true };
                lock (_gate)
                {
                    _open.AddRange([shim, daemon]);
                }

                _pumps.Add(ServeAsync(shim, daemon));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient shim, TcpClient daemon)
    {
        try
        {
            await daemon.ConnectAsync(IPAddress.Loopback, DaemonPort, _end.Token);
            await Task.WhenAny(
                PumpAsync(shim.GetStream(), daemon.GetStream(), () => false),
                PumpAsync(daemon.GetStream(), shim.GetStream(), () => _losesAnswers));
        }
        catch (Exception broken) when (broken is SocketException or IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // One side is not there; the other one learns it.
        }

        shim.Dispose();
        daemon.Dispose();
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, Func<bool> loses)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, _end.Token) is > 0 and var count)
            {
                if (!loses())
                {
                    await to.WriteAsync(buffer.AsMemory(0, count), _end.Token);
                }
            }
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The connection has ended.
        }
    }
}
