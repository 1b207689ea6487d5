namespace Exai.Core.Storage;

/// <summary>One call of the journal, with what its last attempt says, for lists.</summary>
public sealed record CallRow
{
    public required string CallId { get; init; }

    public required string Tool { get; init; }

    /// <summary>running | succeeded | failed | cancelled | interrupted.</summary>
    public required string State { get; init; }

    public required string SessionId { get; init; }

    public string? Client { get; init; }

    /// <summary>The named token that it was made with; null for the owner's.</summary>
    public string? Token { get; init; }

    public required string ThreadId { get; init; }

    public required string ArgumentsJson { get; init; }

    public required int Runs { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>Null while it runs.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    public string? Provider { get; init; }

    public string? Model { get; init; }

    public required long Tokens { get; init; }

    /// <summary>Null when no attempt has a known price.</summary>
    public double? CostUsd { get; init; }
}

/// <summary>What a provider's model did in an hour.</summary>
/// <param name="Hour">Its beginning.</param>
/// <param name="Failed">Attempts that ended in anything but an answer; those that run are in neither.</param>
public sealed record AttemptHour(
    string Provider, string Model, DateTimeOffset Hour, long Ok, long Failed, double? TotalMs, double? FirstTokenMs, long Tokens, double CostUsd);

/// <summary>Attempts that failed, by what ended them and where.</summary>
public sealed record AttemptFailureCount(string Provider, string Outcome, string Stage, long Count, DateTimeOffset Last);

/// <summary>What the journal and the ledger tell of the past. Reads only.</summary>
public interface ICallHistory
{
    /// <summary>The newest first.</summary>
    /// <param name="search">A part of the question, the tool, the client, the model or the id; null for all.</param>
    /// <param name="state">One of <see cref="CallRow.State"/>; null for all.</param>
    ValueTask<IReadOnlyList<CallRow>> ListAsync(string? search, string? state, int most, CancellationToken cancellationToken);

    /// <summary>Null when it is not known.</summary>
    ValueTask<CallRow?> FindAsync(string callId, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<AttemptHour>> HoursAsync(DateTimeOffset since, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<AttemptFailureCount>> FailuresAsync(DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>How many calls ended in which state.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> StatesAsync(DateTimeOffset since, CancellationToken cancellationToken);
}
