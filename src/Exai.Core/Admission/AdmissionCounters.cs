using System.Diagnostics.Metrics;

namespace Exai.Core.Admission;

/// <summary>What admission counts while it works; what it holds and queues is in its snapshot. Thread-safe.</summary>
internal sealed class AdmissionCounters
{
    private long _lost;
    private long _overCapacity;

    /// <summary>Where waits are recorded; null while nobody listens.</summary>
    public Histogram<double>? Waits { get; set; }

    /// <summary>Permits found without a living owner. Each is taken back at once, so these are the recoveries too.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>Calls refused because their session's share of the queue was used up.</summary>
    public long OverCapacity => Interlocked.Read(ref _overCapacity);

    public void OnGranted(Permit permit) =>
        Waits?.Record(permit.Waited.TotalSeconds, new KeyValuePair<string, object?>("provider", permit.Flow.Provider.Name));

    public void OnLost(int permits) => Interlocked.Add(ref _lost, permits);

    public void OnOverCapacity() => Interlocked.Increment(ref _overCapacity);
}
