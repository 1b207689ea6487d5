namespace Exai.Shim.Lifecycle;

/// <summary>
/// Gives the memory of a busy time back when it is over. A shim is idle for most of its life, one beside every client; without this it would
/// keep what the collector took while many calls were in flight.
/// </summary>
internal static class IdleMemory
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(20);

    /// <summary>Timers and pings of an idle shim allocate less between two looks.</summary>
    private const long Idle = 256 * 1024;

    /// <summary>For less, the collection would cost more than it brings.</summary>
    private const long WorthIt = 2 * 1024 * 1024;

    public static async Task RunAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Look, time);
        var (seen, collected) = (0L, 0L);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                var allocated = GC.GetTotalAllocatedBytes();
                if (allocated - seen < Idle && seen - collected > WorthIt)
                {
                    GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                    collected = allocated;
                }

                seen = allocated;
            }
        }
        catch (OperationCanceledException)
        {
            // The shim leaves.
        }
    }
}
