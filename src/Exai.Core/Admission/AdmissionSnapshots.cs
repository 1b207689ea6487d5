namespace Exai.Core.Admission;

/// <summary>Copies the scheduler's state. Belongs to its lock.</summary>
internal static class AdmissionSnapshots
{
    public static AdmissionSnapshot Take(
        Scope global, IEnumerable<Session> sessions, IEnumerable<ProviderScope> providers, AdmissionOptions options, Func<Session, int> share,
        int attemptsAlive, AdmissionCounters counters, TimeSpan now, DateTimeOffset utcNow) => new()
        {
            AttemptsAlive = attemptsAlive,
            Leaks = counters.Lost,
            OverCapacity = counters.OverCapacity,
            Global = Of(global),
            Sessions =
            [
                .. sessions.Select(session => new SessionSnapshot(
                    session.Id, session.Connections, session.Seat.Held, options.SessionLimit, session.Seat.Waiting, session.Reserved, share(session))),
            ],
            Providers =
            [
                .. providers.Select(provider => new ProviderSnapshot(
                    Of(provider), provider.Throttle.PausedUntil(now) is { } until ? utcNow + (until - now) : null,
                    provider.Throttle.PerMinute.IsLearned ? provider.Throttle.PerMinute.Value : null, [.. provider.Models.Values.Select(Of)])),
            ],
        };

    public static (IReadOnlyList<LearnedLimit> Limits, int Version) Learned(
        IEnumerable<ProviderScope> providers, TimeSpan now, DateTimeOffset utcNow)
    {
        var limits = new List<LearnedLimit>();
        var version = 0;
        foreach (var provider in providers)
        {
            var (concurrent, perMinute) = (provider.Learned, provider.Throttle.PerMinute);
            version += concurrent.Version + perMinute.Version;
            if (concurrent.IsLearned || perMinute.IsLearned)
            {
                limits.Add(new LearnedLimit(
                    provider.Name, Model: null, Value(concurrent), Value(perMinute),
                    Max(concurrent.ProbeAfter, perMinute.ProbeAfter), utcNow - (now - Max(concurrent.ChangedAt, perMinute.ChangedAt))));
            }

            foreach (var model in provider.Models.Values)
            {
                version += model.Learned.Version;
                if (model.Learned.IsLearned)
                {
                    limits.Add(new LearnedLimit(provider.Name, model.Name, model.Learned.Value, PerMinute: null, model.Learned.ProbeAfter, utcNow - (now - model.Learned.ChangedAt)));
                }
            }
        }

        return (limits, version);
    }

    private static ScopeSnapshot Of(Scope scope) => new(scope.Name, scope.Held, scope.Limit, scope.WaitingAttempts, Value(scope.Learned));

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static int? Value(LearnedNumber number) => number.IsLearned ? number.Value : null;
}
