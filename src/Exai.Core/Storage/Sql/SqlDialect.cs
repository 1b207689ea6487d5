namespace Exai.Core.Storage.Sql;

/// <summary>The few words in which the SQL of the engines differs. All else in the stores' statements means the same to both.</summary>
public sealed record SqlDialect
{
    /// <summary>Where daemons hear each other.</summary>
    public const string Channel = "exai";

    /// <summary>One writer at a time for the whole file, over all processes: nothing has to be locked by itself.</summary>
    public static readonly SqlDialect Sqlite = new()
    {
        Like = "LIKE",
        DistinctList = column => $"GROUP_CONCAT(DISTINCT {column})",
        HoldingRow = "",
        LockThread = null,
        Say = null,
    };

    /// <summary>Many writers at once, each statement sees what was committed when it began.</summary>
    public static readonly SqlDialect Postgres = new()
    {
        Like = "ILIKE",
        DistinctList = column => $"STRING_AGG(DISTINCT {column}, ',')",
        HoldingRow = "FOR NO KEY UPDATE",
        LockThread = "SELECT pg_advisory_xact_lock(hashtextextended(@thread, 0))",
        Say = $"SELECT pg_notify('{Channel}', @what)",
    };

    /// <summary>The comparison with a pattern that ignores the case of ASCII letters.</summary>
    public required string Like { get; init; }

    /// <summary>The different values of a column, with commas between them.</summary>
    public required Func<string, string> DistinctList { get; init; }

    /// <summary>After a SELECT: nobody else changes the row before this transaction ends.</summary>
    public required string HoldingRow { get; init; }

    /// <summary>A statement after which no other transaction gives out places on <c>@thread</c> before this one ends; null when none can.</summary>
    public required string? LockThread { get; init; }

    /// <summary>A statement by which other daemons hear <c>@what</c> when the transaction is committed; null when they are not told.</summary>
    public required string? Say { get; init; }
}
