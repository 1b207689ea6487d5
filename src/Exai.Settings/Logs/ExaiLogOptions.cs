using Microsoft.Extensions.Logging;

namespace Exai.Settings.Logs;

/// <summary>What is logged, how, and where.</summary>
public sealed record ExaiLogOptions
{
    /// <summary>Least important level that is written.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    /// <summary>One JSON object per line instead of text.</summary>
    public bool Json { get; init; }

    /// <summary>Also write to standard error. Never to standard output, which belongs to the protocol.</summary>
    public bool ToStandardError { get; init; } = true;

    /// <summary>The log file, made 0600 with its folder; null writes none.</summary>
    public string? FilePath { get; init; }

    /// <summary>Size in bytes at which the file is put aside.</summary>
    public long MaxFileBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary>Files kept, the current one included.</summary>
    public int MaxFiles { get; init; } = 5;

    /// <summary>Level and form as the settings have them.</summary>
    public static ExaiLogOptions From(LogSettings settings, string? filePath, bool toStandardError = true) =>
        new() { Level = settings.Level, Json = settings.Json, FilePath = filePath, ToStandardError = toStandardError };
}
