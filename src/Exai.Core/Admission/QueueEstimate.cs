namespace Exai.Core.Admission;

/// <summary>Where a waiter stands and how long it will take. Estimates only: nothing is decided by them. Belongs to the scheduler's lock.</summary>
internal static class QueueEstimate
{
    private static readonly TimeSpan Unknown = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Latest = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Its place at its provider: behind those of its own session that go before it, and behind as many of each other session, for they
    /// take turns.
    /// </summary>
    public static QueuePlace Of(Waiter waiter, Scope global, TimeSpan now, TimeSpan aging)
    {
        var provider = waiter.Flow.Provider;
        var seat = waiter.Flow.Parent!;
        var own = waiter.Flow.Session.Flows.Where(flow => flow.Provider == provider).SelectMany(flow => flow.Waiters)
            .Count(other => other != waiter && other.GoesBefore(waiter, now, aging));
        var place = own + 1;
        foreach (var other in provider.Waiting)
        {
            if (other != seat)
            {
                place += Math.Min(other.Waiting, other.Turn < seat.Turn ? own + 1 : own);
            }
        }

        return new QueuePlace(place, Wait(place, provider, global, now));
    }

    /// <summary>When a place in the queue of one session should be free again.</summary>
    public static TimeSpan NextPlace(Scope scope, Scope global, TimeSpan now)
    {
        var wait = (scope is ProviderScope provider ? Wait(Math.Max(1, scope.Waiting.Count), provider, global, now) : Hold(scope, Math.Max(1, scope.Waiting.Count))) ?? Unknown;
        return TimeSpan.FromSeconds(Math.Ceiling(Math.Clamp(wait.TotalSeconds, Soonest.TotalSeconds, Latest.TotalSeconds)));
    }

    private static TimeSpan? Wait(int place, ProviderScope provider, Scope global, TimeSpan now)
    {
        var pause = provider.Throttle.PausedUntil(now) is { } until ? until - now : TimeSpan.Zero;
        return pause + (provider.AverageHold is null ? Hold(global, place) : Hold(provider, place));
    }

    private static TimeSpan? Hold(Scope scope, int place) => scope.AverageHold * place / Math.Max(1, scope.Limit - scope.Elsewhere);
}
