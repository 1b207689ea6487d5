using System.Threading.Channels;

namespace Exai.Core.Providers;

/// <summary>
/// Keeps a connection to each provider open around the times when calls come, so that a call pays one round trip where a cold one pays
/// three. A sign of life, such as a session that connects or a call that begins, warms them at once and for the next ten minutes; a daemon
/// that nobody uses is silent. Thread-safe.
/// </summary>
internal sealed class WarmConnections : IAsyncDisposable
{
    /// <summary>Less than the minute after which many servers close a connection that carries nothing.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);

    private readonly Channel<bool> _signs = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly ProviderConnection[] _connections;
    private readonly TimeProvider _time;
    private readonly Task _running;

    public WarmConnections(IEnumerable<ProviderConnection> connections, TimeProvider time)
    {
        _connections = [.. connections.Where(connection => connection.IsWorthIt)];
        _time = time;
        _running = _connections.Length == 0 ? Task.CompletedTask : RunAsync();
    }

    /// <summary>Somebody may soon ask. Returns at once.</summary>
    public void Sign() => _signs.Writer.TryWrite(true);

    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _signs.Reader.ReadAsync(_stopping.Token);
                // Whoever gave the sign goes on first.
                await Task.Yield();
                await KeepAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private async Task KeepAsync()
    {
        for (var lastSign = _time.GetTimestamp(); _time.GetElapsedTime(lastSign) < KeptFor;)
        {
            await Task.WhenAll(_connections.Select(connection => connection.WarmAsync(_stopping.Token)));
            await Task.Delay(Pace, _time, _stopping.Token);
            if (_signs.Reader.TryRead(out _))
            {
                lastSign = _time.GetTimestamp();
            }
        }
    }
}
