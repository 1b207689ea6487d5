using Microsoft.Extensions.Logging;

namespace Exai.Settings;

/// <summary>Log levels under Python's names, which existing client configurations hold, and under .NET's.</summary>
internal static class LogLevelNames
{
    public static IReadOnlyList<string> Accepted { get; } =
        ["TRACE", "DEBUG", "INFO", "INFORMATION", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL", "NONE"];

    public static LogLevel Parse(string text) => text.ToUpperInvariant() switch
    {
        "TRACE" => LogLevel.Trace,
        "DEBUG" => LogLevel.Debug,
        "WARN" or "WARNING" => LogLevel.Warning,
        "ERROR" => LogLevel.Error,
        "CRITICAL" or "FATAL" => LogLevel.Critical,
        "NONE" => LogLevel.None,
        _ => LogLevel.Information,
    };
}
