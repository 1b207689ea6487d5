namespace Exai.Core.Calls;

/// <summary>
/// Which daemons on other hosts have fallen silent. No clock but the own one is believed: a lease counts as over when it was looked at again and
/// again for its whole length and was never renewed. Time in which nobody looked, say because the database was away, counts as one look, since then
/// the owner could not renew it either. Thread-safe.
/// </summary>
internal sealed class LeaseWatch(TimeSpan lease, TimeProvider time)
{
    /// <summary>Owners that nobody has asked about for so long are forgotten.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private readonly Dictionary<string, Sight> _owners = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly TimeSpan _longestLook = lease / 3;

    /// <param name="epoch">The owner.</param>
    /// <param name="leaseUntil">The end of its lease by its own clock, as it was read just now.</param>
    public bool IsSilent(string epoch, DateTimeOffset leaseUntil)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            if (!_owners.TryGetValue(epoch, out var seen))
            {
                ForgetUnsynchronized(now);
            }

            if (seen is null || leaseUntil > seen.LeaseUntil)
            {
                _owners[epoch] = new Sight(leaseUntil, now, TimeSpan.Zero);
                return false;
            }

            var look = time.GetElapsedTime(seen.At, now);
            var silent = seen.Silent + (look < _longestLook ? look : _longestLook);
            _owners[epoch] = seen with { At = now, Silent = silent };
            return silent >= lease;
        }
    }

    private void ForgetUnsynchronized(long now)
    {
        foreach (var (epoch, sight) in _owners)
        {
            if (time.GetElapsedTime(sight.At, now) > Kept)
            {
                _owners.Remove(epoch);
            }
        }
    }

    /// <param name="LeaseUntil">The latest end of any of its calls' leases.</param>
    /// <param name="At">When it was looked at last.</param>
    /// <param name="Silent">For how long it has not been renewed.</param>
    private sealed record Sight(DateTimeOffset LeaseUntil, long At, TimeSpan Silent);
}
