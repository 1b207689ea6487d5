using System.Diagnostics.Metrics;

namespace Exai.Daemon.Monitoring.Api;

/// <summary>Dashboard pages as the daemon sees them come and go; many connects of few pages are a reconnect storm. Thread-safe.</summary>
internal sealed class PageMeters
{
    private readonly Counter<long> _connects;
    private int _open;

    public PageMeters(Meter meter)
    {
        _connects = meter.CreateCounter<long>("exai_page_connects_total", description: "Live sockets of dashboard pages accepted.");
        meter.CreateObservableGauge("exai_pages", () => Volatile.Read(ref _open), description: "Live sockets of dashboard pages that are open.");
        _connects.Add(0);
    }

    public void Connected()
    {
        _connects.Add(1);
        Interlocked.Increment(ref _open);
    }

    public void Left() => Interlocked.Decrement(ref _open);
}
