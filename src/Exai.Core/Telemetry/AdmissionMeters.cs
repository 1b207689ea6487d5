using System.Diagnostics.Metrics;
using Exai.Core.Admission;

namespace Exai.Core.Telemetry;

/// <summary>Queues and permits under the contract's metric names; all exist at 0 from the start where their labels are known.</summary>
internal static class AdmissionMeters
{
    /// <param name="meter">Owned by whoever made it.</param>
    public static void Add(Meter meter, PermitScheduler permits)
    {
        permits.Counters.Waits = meter.CreateHistogram<double>("exai_queue_wait_seconds", "s", "How long attempts waited for their permit.");
        meter.CreateObservableGauge("exai_queue_depth", () => Scopes(permits, scope => scope.Queued), description: "Attempts that wait for a permit.");
        meter.CreateObservableGauge("exai_permits_held", () => Scopes(permits, scope => scope.Held), description: "Permits held; each by a running attempt.");
        meter.CreateObservableGauge("exai_permits_limit", () => Scopes(permits, scope => scope.Limit), description: "Permits granted at most, with what was learned.");
        meter.CreateObservableCounter("exai_permit_leaks_total", () => permits.Counters.Lost, description: "Permits found without a living attempt.");
        meter.CreateObservableCounter("exai_permit_recoveries_total", () => permits.Counters.Lost, description: "Such permits taken back.");
        meter.CreateObservableCounter(
            "exai_over_capacity_total", () => new Measurement<long>(permits.Counters.OverCapacity, new KeyValuePair<string, object?>("scope", "session")),
            description: "Calls refused because the queue was full for them.");
    }

    private static IEnumerable<Measurement<int>> Scopes(PermitScheduler permits, Func<ScopeSnapshot, int> value)
    {
        var snapshot = permits.Snapshot();
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
