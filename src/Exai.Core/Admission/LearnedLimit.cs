namespace Exai.Core.Admission;

/// <summary>What refusals have taught about one model at a provider, or about the whole key.</summary>
/// <param name="Model">Null for what holds for the whole key.</param>
/// <param name="Concurrent">Attempts at once; null when that is as configured.</param>
/// <param name="PerMinute">Requests a minute, of the whole key; null when nothing is learned.</param>
/// <param name="ProbeAfter">How long the limit stays before one more is tried.</param>
/// <param name="At">When it became what it is.</param>
public sealed record LearnedLimit(string Provider, string? Model, int? Concurrent, int? PerMinute, TimeSpan ProbeAfter, DateTimeOffset At)
{
    /// <summary><see cref="At"/> on the scheduler's clock; not in the future, whatever another host's clock or this one's past says.</summary>
    internal TimeSpan ChangedAt(TimeSpan now, DateTimeOffset utcNow) => At < utcNow ? now - (utcNow - At) : now;
}

/// <summary>Keeps what was learned about limits over restarts. Thread-safe.</summary>
public interface ILearnedLimits
{
    /// <exception cref="Storage.StoreException">It cannot be read.</exception>
    ValueTask<IReadOnlyList<LearnedLimit>> LoadAsync(CancellationToken cancellationToken);

    /// <summary>Puts these in place of all that is kept.</summary>
    /// <exception cref="Storage.StoreException">It cannot be written.</exception>
    ValueTask SaveAsync(IReadOnlyList<LearnedLimit> limits, CancellationToken cancellationToken);
}
