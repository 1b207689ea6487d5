using System.Diagnostics.Metrics;

namespace Exai.Core.Admission;

/// <summary>What admission counts, for the metrics. Thread-safe.</summary>
internal sealed class AdmissionCounters
{
    private long _leaks;
    private long _overCapacity;

    /// <summary>Where waits are recorded; null while nobody listens.</summary>
    public Histogram<double>? Waits { get; set; }

    /// <summary>Permits found without a living owner. Each is taken back, so these are the recoveries too.</summary>
    public long Leaks => Interlocked.Read(ref _leaks);

    public long OverCapacities => Interlocked.Read(ref _overCapacity);

    public void Granted(Permit permit) =>
        Waits?.Record(permit.Waited.TotalSeconds, new KeyValuePair<string, object?>("provider", permit.Flow.Provider.Name));

    public void Lost(int permits) => Interlocked.Add(ref _leaks, permits);

    public void OverCapacity() => Interlocked.Increment(ref _overCapacity);
}
