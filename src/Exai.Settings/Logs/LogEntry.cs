using Microsoft.Extensions.Logging;

namespace Exai.Settings.Logs;

/// <summary>One thing that was logged, before it is given a form.</summary>
internal sealed record LogEntry(DateTimeOffset Time, LogLevel Level, string Category, EventId Event, string Message)
{
    public Exception? Exception { get; init; }

    /// <summary>The message's named values, for JSON.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>>? Values { get; init; }

    /// <summary>What makes two entries the same to a reader.</summary>
    public (LogLevel Level, string Category, string Message, string? Exception) Identity => (Level, Category, Message, Exception?.Message);
}
