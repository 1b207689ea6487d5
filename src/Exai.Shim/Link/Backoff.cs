namespace Exai.Shim.Link;

/// <summary>
/// How long to wait before the next dial: before retry n (0-based) min(initial · 2^min(n, 8), most), and up to a tenth more by chance,
/// so that many shims do not dial at once.
/// </summary>
internal sealed class Backoff(TimeSpan initial, TimeSpan most, Random random)
{
    /// <summary>While calls wait, nobody waits longer than this.</summary>
    public static readonly TimeSpan MostWithPendingCalls = TimeSpan.FromSeconds(2);

    public TimeSpan Before(int retry, bool callsPending)
    {
        var wait = TimeSpan.FromTicks(Math.Min(initial.Ticks * (1L << Math.Min(retry, 8)), most.Ticks));
        if (callsPending && wait > MostWithPendingCalls)
        {
            wait = MostWithPendingCalls;
        }

        return wait + (wait * (random.NextDouble() * 0.1));
    }
}
