using System.Diagnostics.Metrics;
using Exai.Core.Calls;
using Exai.Protocol;

namespace Exai.Core.Telemetry;

/// <summary>What becomes of calls, counted under the contract's metric names. Thread-safe.</summary>
public sealed class CallMeters
{
    private readonly Counter<long> _calls;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _recovered;
    private readonly Counter<long> _detached;

    /// <param name="meter">Owned by whoever made it.</param>
    /// <param name="inFlight">Calls that run now.</param>
    public CallMeters(Meter meter, Func<int> inFlight)
    {
        _calls = meter.CreateCounter<long>("exai_calls_total", description: "Calls by tool and by how they ended.");
        _duration = meter.CreateHistogram<double>("exai_call_duration_seconds", "s", "A call from its acceptance to its outcome, downtime included.");
        _recovered = meter.CreateCounter<long>("exai_calls_recovered_total", description: "Calls that were asked for again: joined, run again, or answered from the journal.");
        _detached = meter.CreateCounter<long>("exai_calls_detached_total", description: "Times that nobody waited for a running call any more.");
        meter.CreateObservableGauge("exai_calls_in_flight", inFlight, description: "Calls that run now.");
    }

    /// <summary>Brings every series with known labels into being, at 0.</summary>
    public void Announce(IEnumerable<string> tools)
    {
        foreach (var tool in tools)
        {
            foreach (var outcome in (CallState[])[CallState.Succeeded, CallState.Failed, CallState.Cancelled, CallState.Interrupted])
            {
                _calls.Add(0, Of(tool), Of(outcome));
            }
        }

        foreach (var how in (string[])[RecoveredHow.Attached, RecoveredHow.Rerun, RecoveredHow.Replayed])
        {
            _recovered.Add(0, new KeyValuePair<string, object?>("how", how));
        }

        _detached.Add(0);
    }

    public void Ended(string tool, CallState outcome, TimeSpan took)
    {
        _calls.Add(1, Of(tool), Of(outcome));
        _duration.Record(took.TotalSeconds, Of(tool));
    }

    /// <param name="how">One of <see cref="RecoveredHow"/>.</param>
    public void Recovered(string how) => _recovered.Add(1, new KeyValuePair<string, object?>("how", how));

    public void Detached() => _detached.Add(1);

    private static KeyValuePair<string, object?> Of(string tool) => new("tool", tool);

    private static KeyValuePair<string, object?> Of(CallState outcome) => new("outcome", outcome.ToString().ToLowerInvariant());
}
