namespace Exai.Core.Admission.Shares;

/// <summary>What the store holds about one model, or about a provider's key.</summary>
/// <param name="Version">Grows with each change.</param>
internal sealed record LearnedRow(LearnedLimit Limit, long Version);

/// <summary>What one daemon's attempts have changed.</summary>
/// <param name="BasedOn">The version that it knew; 0 for none.</param>
/// <param name="ConcurrentLowered">Whether it was refused, rather than served.</param>
internal sealed record LearnedChange(LearnedLimit Limit, long BasedOn, bool ConcurrentLowered, bool PerMinuteLowered);

/// <summary>Changes of several daemons at once: who was refused is believed, who was served beyond a limit that has changed since is not.</summary>
internal static class LearnedMerge
{
    /// <returns>What is to be written; null when nothing is.</returns>
    public static LearnedRow? Merge(LearnedRow? there, LearnedChange change)
    {
        if (there is null || there.Version == change.BasedOn)
        {
            return new LearnedRow(change.Limit, (there?.Version ?? 0) + 1);
        }

        var merged = there.Limit with
        {
            Concurrent = change.ConcurrentLowered ? Lower(there.Limit.Concurrent, change.Limit.Concurrent) : there.Limit.Concurrent,
            PerMinute = change.PerMinuteLowered ? Lower(there.Limit.PerMinute, change.Limit.PerMinute) : there.Limit.PerMinute,
        };
        return merged == there.Limit
            ? null
            : new LearnedRow(
                merged with { ProbeAfter = change.Limit.ProbeAfter > merged.ProbeAfter ? change.Limit.ProbeAfter : merged.ProbeAfter, At = change.Limit.At },
                there.Version + 1);
    }

    /// <summary>Null is no limit.</summary>
    private static int? Lower(int? one, int? other) => one is null || other < one ? other ?? one : one;
}
