using Microsoft.Extensions.Logging;

namespace Exai.Settings.Logs;

internal sealed class ExaiLogger(string category, LogLevel least, TimeProvider time, LogPipeline pipeline) : ILogger
{
    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && logLevel >= least;

    /// <summary>Scopes are not written: the call id is a value of the messages themselves.</summary>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        pipeline.Add(new LogEntry(time.GetUtcNow(), logLevel, category, eventId, Message(state, exception, formatter))
        {
            Exception = exception,
            Values = state as IReadOnlyList<KeyValuePair<string, object?>>,
        });
    }

    private static string Message<TState>(TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            return formatter(state, exception);
        }
        catch (Exception failure)
        {
            // Logging never throws into the caller, not even over a template that does not fit its values.
            return $"(a message that could not be formatted: {failure.Message})";
        }
    }
}
