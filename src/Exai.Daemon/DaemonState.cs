using Exai.Protocol;

namespace Exai.Daemon;

/// <summary>Starting → Ready ⇄ Busy → Draining → Stopped. Busy means that calls are running. Thread-safe.</summary>
internal sealed class DaemonState(TimeProvider time)
{
    private readonly Lock _lock = new();
    private bool _ready;
    private bool _draining;
    private DateTimeOffset? _busySince;

    /// <summary>Raised after a change, outside the lock.</summary>
    public event Action? Changed;

    /// <summary>No new call begins.</summary>
    public bool IsDraining
    {
        get
        {
            lock (_lock)
            {
                return _draining;
            }
        }
    }

    /// <summary>The drain is over: sockets close and what still runs is left to the next daemon.</summary>
    public bool IsStopping { get; private set; }

    public (string Status, DateTimeOffset? BusySince) Current
    {
        get
        {
            lock (_lock)
            {
                var status = _draining ? DaemonStatus.Draining
                    : !_ready ? DaemonStatus.Starting
                    : _busySince is null ? DaemonStatus.Ready
                    : DaemonStatus.Busy;
                return (status, _busySince);
            }
        }
    }

    public void Ready() => Change(() => _ready = true);

    /// <param name="calls">Read under the lock: two changes at once may be told in either order, and the last must tell the present.</param>
    public void Running(Func<int> calls) => Change(() => _busySince = calls() == 0 ? null : _busySince ?? time.GetUtcNow());

    public void Drain() => Change(() => _draining = true);

    public void Stop() => Change(() => IsStopping = true);

    private void Change(Action change)
    {
        lock (_lock)
        {
            change();
        }

        Changed?.Invoke();
    }
}
