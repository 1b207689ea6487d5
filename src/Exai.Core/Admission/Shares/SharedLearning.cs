namespace Exai.Core.Admission.Shares;

/// <summary>
/// Keeps what this daemon has learned about limits in step with what the others have: what it changes is told with the version that it knew, and
/// what comes back is adopted unless it has learned more meanwhile. Belongs to the scheduler's lock.
/// </summary>
internal sealed class SharedLearning
{
    private readonly Dictionary<(string Provider, string Model), Known> _known = [];

    public List<LearnedChange> Changes(IEnumerable<ProviderScope> providers, DateTimeOffset utcNow)
    {
        var changes = new List<LearnedChange>();
        foreach (var provider in providers)
        {
            foreach (var (scope, perMinute) in Numbers(provider))
            {
                var known = KnownOf(provider.Name, perMinute is null ? scope.Name : null);
                var now = Value(scope, perMinute);
                known.Told = now;
                if (now != known.Value)
                {
                    changes.Add(new LearnedChange(
                        new LearnedLimit(provider.Name, perMinute is null ? scope.Name : null, now.Concurrent, now.PerMinute, ProbeAfter(scope, perMinute), utcNow),
                        known.Version, IsLower(now.Concurrent, known.Value.Concurrent), IsLower(now.PerMinute, known.Value.PerMinute)));
                }
            }
        }

        return changes;
    }

    /// <param name="provider">The scope of that name, made if need be.</param>
    /// <param name="now">As the scheduler counts time.</param>
    public void Apply(IReadOnlyList<LearnedRow> rows, Func<string, ProviderScope> provider, TimeSpan now, DateTimeOffset utcNow)
    {
        foreach (var (limit, version) in rows)
        {
            var known = KnownOf(limit.Provider, limit.Model);
            if (version <= known.Version)
            {
                continue;
            }

            var theirs = (limit.Concurrent, limit.PerMinute);
            if (theirs != (null, null) || known.Value != (null, null))
            {
                var key = provider(limit.Provider);
                var scope = limit.Model is null ? key : key.Model(limit.Model);
                var perMinute = limit.Model is null ? key.Throttle.PerMinute : null;
                if (Value(scope, perMinute) != known.Told)
                {
                    // Learned more since it was told: the next exchange brings both together.
                    continue;
                }

                if (theirs != known.Told)
                {
                    Restore(scope.Learned, limit.Concurrent, known.Told.Concurrent, limit.ProbeAfter, limit.ChangedAt(now, utcNow));
                    Restore(perMinute, limit.PerMinute, known.Told.PerMinute, limit.ProbeAfter, limit.ChangedAt(now, utcNow));
                }

                // What it has of it: its own maximum may be lower than what another daemon has learned.
                theirs = Value(scope, perMinute);
            }

            (known.Version, known.Value, known.Told) = (version, theirs, theirs);
        }
    }

    private static void Restore(LearnedNumber? number, int? theirs, int? mine, TimeSpan probeAfter, TimeSpan changedAt)
    {
        if (number is not null && theirs != mine)
        {
            number.Restore(theirs ?? int.MaxValue, probeAfter, changedAt);
        }
    }

    private static IEnumerable<(Scope Scope, LearnedNumber? PerMinute)> Numbers(ProviderScope provider) =>
        [(provider, provider.Throttle.PerMinute), .. provider.Models.Values.Select(model => (model, (LearnedNumber?)null))];

    private static (int? Concurrent, int? PerMinute) Value(Scope scope, LearnedNumber? perMinute) => (Value(scope.Learned), Value(perMinute));

    private static int? Value(LearnedNumber? number) => number is { IsLearned: true } ? number.Value : null;

    private static TimeSpan ProbeAfter(Scope scope, LearnedNumber? perMinute) =>
        perMinute is not null && perMinute.ProbeAfter > scope.Learned.ProbeAfter ? perMinute.ProbeAfter : scope.Learned.ProbeAfter;

    /// <summary>Null is no limit.</summary>
    private static bool IsLower(int? now, int? before) => now is not null && (before is null || now < before);

    private Known KnownOf(string provider, string? model)
    {
        var key = (provider.ToUpperInvariant(), model?.ToUpperInvariant() ?? "");
        if (!_known.TryGetValue(key, out var known))
        {
            _known[key] = known = new Known();
        }

        return known;
    }

    /// <summary>What the store and this daemon agree on.</summary>
    private sealed class Known
    {
        public long Version { get; set; }

        public (int? Concurrent, int? PerMinute) Value { get; set; }

        /// <summary>What this daemon had at its last report.</summary>
        public (int? Concurrent, int? PerMinute) Told { get; set; }
    }
}
