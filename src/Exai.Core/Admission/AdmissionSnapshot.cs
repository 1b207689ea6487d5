namespace Exai.Core.Admission;

/// <summary>What is held, waits and is limited at one moment. Immutable.</summary>
public sealed record AdmissionSnapshot
{
    public required ScopeSnapshot Global { get; init; }

    /// <summary>Sessions that are connected, hold or wait.</summary>
    public required IReadOnlyList<SessionSnapshot> Sessions { get; init; }

    /// <summary>Providers that were asked for since the start.</summary>
    public required IReadOnlyList<ProviderSnapshot> Providers { get; init; }

    /// <summary>Attempts that wait or run, counted by themselves; permits held and attempts queued should add up to it.</summary>
    public required int AttemptsAlive { get; init; }

    /// <summary>Permits found without a living attempt since the start; all were taken back.</summary>
    public required long Leaks { get; init; }

    /// <summary>Calls refused since the start because their session's share of the queue was used up.</summary>
    public required long OverCapacity { get; init; }
}

/// <param name="Limit">What is granted at most now: as configured, or lower where that was learned.</param>
/// <param name="Queued">Attempts that wait.</param>
/// <param name="LearnedLimit">Null while nothing is learned.</param>
public sealed record ScopeSnapshot(string Name, int Held, int Limit, int Queued, int? LearnedLimit = null);

/// <param name="Reserved">Calls with a place in the queue that have not asked yet.</param>
/// <param name="QueueShare">Places in the queue that it may use.</param>
public sealed record SessionSnapshot(string Id, int Connections, int Held, int Limit, int Queued, int Reserved, int QueueShare);

/// <param name="PausedUntil">Its refusals asked to wait until then; null when it is not paused.</param>
/// <param name="LearnedPerMinute">Requests that it grants a minute; null while nothing is learned.</param>
public sealed record ProviderSnapshot(ScopeSnapshot Scope, DateTimeOffset? PausedUntil, int? LearnedPerMinute, IReadOnlyList<ScopeSnapshot> Models);
