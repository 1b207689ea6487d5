using System.Diagnostics.Metrics;
using Exai.Core.Admission;

namespace Exai.Core.Telemetry;

/// <summary>Queues and permits under the contract's metric names; all exist at 0 from the start where their labels are known.</summary>
internal sealed class AdmissionMeters : IDisposable
{
    private readonly Meter _meter = new(GatewayMeters.MeterName);
    private readonly PermitScheduler _permits;

    public AdmissionMeters(PermitScheduler permits)
    {
        _permits = permits;
        permits.Counters.Waits = _meter.CreateHistogram<double>("exai_queue_wait_seconds", "s", "How long attempts waited for their permit.");
        _meter.CreateObservableGauge("exai_queue_depth", () => Scopes(scope => scope.Queued), description: "Attempts that wait for a permit.");
        _meter.CreateObservableGauge("exai_permits_held", () => Scopes(scope => scope.Held), description: "Permits held; each by a running attempt.");
        _meter.CreateObservableGauge("exai_permits_limit", () => Scopes(scope => scope.Limit), description: "Permits granted at most, with what was learned.");
        _meter.CreateObservableCounter("exai_permit_leaks_total", () => permits.Counters.Lost, description: "Permits found without a living attempt.");
        _meter.CreateObservableCounter("exai_permit_recoveries_total", () => permits.Counters.Lost, description: "Such permits taken back.");
        _meter.CreateObservableCounter(
            "exai_over_capacity_total", () => new Measurement<long>(permits.Counters.OverCapacity, new KeyValuePair<string, object?>("scope", "session")),
            description: "Calls refused because the queue was full for them.");
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<int>> Scopes(Func<ScopeSnapshot, int> value)
    {
        var snapshot = _permits.Snapshot();
        yield return Of("global", snapshot.Global);
        foreach (var session in snapshot.Sessions)
        {
            yield return Of("session", new ScopeSnapshot(session.Id, session.Held, session.Limit, session.Queued));
        }

        foreach (var provider in snapshot.Providers)
        {
            yield return Of("provider", provider.Scope);
        }

        Measurement<int> Of(string kind, ScopeSnapshot scope) => new(value(scope), new("scope", kind), new("name", scope.Name));
    }
}
