using Exai.Protocol;

namespace Exai.Core.Admission;

/// <summary>
/// What an attempt's end teaches about limits. The narrowest scope in which others ran beside a refused attempt is the one that was too
/// wide: first the model's, then the whole key's; and with nothing beside it, it was not concurrency but the number of requests in time.
/// What other daemons run under the same key counts as beside it.
/// Belongs to the scheduler's lock.
/// </summary>
internal static class LimitLearning
{
    /// <param name="turn">The scheduler's latest turn.</param>
    /// <returns>What is another now than before.</returns>
    public static ReceiptLimit? Learn(Permit permit, ProviderSignal signal, TimeSpan? retryAfter, long turn, TimeSpan now)
    {
        var (model, provider) = (permit.Flow.Scope, permit.Flow.Provider);
        var before = (Model: model.Limit, Key: provider.Limit, PerMinute: provider.Throttle.PerMinute.Value, Pause: provider.Throttle.PausedUntil(now));
        Apply(permit, signal, retryAfter, turn, now);
        var pause = provider.Throttle.PausedUntil(now);
        if (before == (model.Limit, provider.Limit, provider.Throttle.PerMinute.Value, pause))
        {
            return null;
        }

        return new ReceiptLimit(provider.Name)
        {
            Model = model.Limit != before.Model ? model.Name : null,
            Concurrent = model.Limit != before.Model ? model.Limit : provider.Limit != before.Key ? provider.Limit : null,
            PerMinute = provider.Throttle.PerMinute.Value != before.PerMinute ? provider.Throttle.PerMinute.Value : null,
            PausedMs = pause != before.Pause ? (long)(pause!.Value - now).TotalMilliseconds : null,
        };
    }

    private static void Apply(Permit permit, ProviderSignal signal, TimeSpan? retryAfter, long turn, TimeSpan now)
    {
        var (model, provider) = (permit.Flow.Scope, permit.Flow.Provider);
        if (signal == ProviderSignal.Served)
        {
            model.Learned.Served(model.Busy, now);
            provider.Learned.Served(provider.Busy, now);
            provider.Throttle.OnServed(permit.GrantedAt, now);
            return;
        }

        // Of a burst that was granted together, the first refusal says that it was too much, the others how much.
        var first = permit.Turn > provider.LoweredAtTurn;
        if (model.Busy > 1)
        {
            Lower(model, first, now);
        }
        else if (provider.Busy > 1)
        {
            Lower(provider, first, now);
        }
        else if (first)
        {
            provider.Throttle.OnRefusedAlone(now);
        }

        provider.LoweredAtTurn = first ? turn : provider.LoweredAtTurn;
        if (retryAfter is { } wait && wait > TimeSpan.Zero)
        {
            provider.Throttle.Pause(now + wait);
        }
    }

    private static void Lower(Scope scope, bool first, TimeSpan now)
    {
        if (first)
        {
            scope.Learned.Decrease(scope.Busy, now);
        }
        else
        {
            scope.Learned.CapAt(scope.Busy - 1, now);
        }
    }
}
