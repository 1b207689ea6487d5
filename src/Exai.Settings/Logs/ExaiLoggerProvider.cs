using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Exai.Settings.Logs;

/// <summary>
/// Writes log lines to standard error and to a rotated file. Thread-safe; logging never throws, never waits for a reader, and never writes an identical
/// warning twice in a row: repeats are counted. A line that cannot be written is lost and counted in <see cref="Dropped"/>.
/// </summary>
[ProviderAlias("Exai")]
public sealed class ExaiLoggerProvider : ILoggerProvider
{
    private readonly ConcurrentDictionary<string, ILogger> _loggers = new(StringComparer.Ordinal);
    private readonly ExaiLogOptions _options;
    private readonly TimeProvider _time;
    private readonly LogPipeline _pipeline;

    /// <param name="options">What, how and where.</param>
    /// <param name="time">Gives the lines' timestamps and the age of repeats.</param>
    /// <param name="standardError">Stands in for the process's standard error; it is not closed.</param>
    public ExaiLoggerProvider(ExaiLogOptions options, TimeProvider time, TextWriter? standardError = null)
    {
        _options = options;
        _time = time;
        _pipeline = new LogPipeline(options, standardError);
    }

    /// <summary>Lines lost so far to full queues, full disks and closed pipes.</summary>
    public long Dropped => _pipeline.Dropped;

    public ILogger CreateLogger(string categoryName) =>
        _loggers.GetOrAdd(categoryName, name => new ExaiLogger(name, LevelOf(name), _time, _pipeline));

    /// <summary>Waits until everything logged so far is written, but for counts of repeats.</summary>
    /// <returns>False when a writer is stuck and the time ran out.</returns>
    public bool Flush(TimeSpan patience) => _pipeline.Flush(patience);

    /// <summary>Writes the counts of repeats and what else waits, for at most a few seconds.</summary>
    public void Dispose() => _pipeline.Dispose();

    /// <summary>
    /// Libraries are heard from Warning on, whatever the level: below it they tell every message, and at their most talkative its body,
    /// which is somebody's prompt or answer.
    /// </summary>
    private LogLevel LevelOf(string category) =>
        category.StartsWith("ModelContextProtocol.", StringComparison.Ordinal) || category.StartsWith("Microsoft.", StringComparison.Ordinal)
            ? (LogLevel)Math.Max((int)_options.Level, (int)LogLevel.Warning)
            : _options.Level;
}
