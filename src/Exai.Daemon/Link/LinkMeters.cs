using System.Diagnostics.Metrics;
using Exai.Protocol;

namespace Exai.Daemon.Link;

/// <summary>Links as the daemon sees them come, under the contract's metric names; how long a shim was without one it says itself. Thread-safe.</summary>
internal sealed class LinkMeters
{
    private readonly Counter<long> _connects;
    private readonly Counter<long> _reconnects;
    private readonly Histogram<double> _downtime;
    private readonly Histogram<long> _attempts;

    public LinkMeters(Meter meter, Func<int> sessions)
    {
        _connects = meter.CreateCounter<long>("exai_link_connects_total", description: "Links accepted.");
        _reconnects = meter.CreateCounter<long>("exai_link_reconnects_total", description: "Links accepted from shims that had one before.");
        _downtime = meter.CreateHistogram<double>("exai_link_downtime_seconds", "s", "How long a shim was without a link before it had one again.");
        _attempts = meter.CreateHistogram<long>("exai_link_attempts", description: "Dials that a reconnect took.");
        meter.CreateObservableGauge("exai_sessions", sessions, description: "Sessions that are connected.");
        _connects.Add(0);
        _reconnects.Add(0);
    }

    public void Connected(Reconnect? reconnect)
    {
        _connects.Add(1);
        if (reconnect is { } again)
        {
            _reconnects.Add(1);
            _downtime.Record(again.Downtime.TotalSeconds);
            _attempts.Record(again.Attempts);
        }
    }
}
