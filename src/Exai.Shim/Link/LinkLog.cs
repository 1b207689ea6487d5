using Microsoft.Extensions.Logging;

namespace Exai.Shim.Link;

/// <summary>What the shim writes to its log. Event ids 2000–2099. Attempts 1, 5, 20, 50, then every 10th.</summary>
internal static partial class LinkLog
{
    [LoggerMessage(2000, LogLevel.Information, "Connected to daemon {Epoch} version {Version} at attempt {Attempt}, {DownMs} ms without a link")]
    public static partial void Ready(ILogger logger, string epoch, string version, int attempt, long downMs);

    [LoggerMessage(2001, LogLevel.Warning, "The link ended (close code {CloseCode})")]
    public static partial void Lost(ILogger logger, int? closeCode);

    [LoggerMessage(2002, LogLevel.Warning, "No link at attempt {Attempt}: {Reason}")]
    public static partial void DialFailed(ILogger logger, int attempt, string reason);

    [LoggerMessage(2003, LogLevel.Information, "No daemon runs: starting one")]
    public static partial void StartingDaemon(ILogger logger);

    [LoggerMessage(2004, LogLevel.Error, "The daemon ended at once with exit code {ExitCode}: {LastLines}")]
    public static partial void DaemonDied(ILogger logger, int exitCode, string lastLines);

    [LoggerMessage(2005, LogLevel.Information, "Shim {Version} leaves: {Reason}")]
    public static partial void Leaving(ILogger logger, string version, string reason);

    [LoggerMessage(2006, LogLevel.Information, "Shim {Version} serves {Client}")]
    public static partial void Serving(ILogger logger, string version, string client);

    [LoggerMessage(2009, LogLevel.Information, "{Count} notes of progress were not written, for the client did not read")]
    public static partial void NotesDropped(ILogger logger, int count);

    [LoggerMessage(2010, LogLevel.Information, "Daemon {Epoch} drains: the link moves on to daemon {Next}")]
    public static partial void MovedOn(ILogger logger, string epoch, string next);

    [LoggerMessage(2008, LogLevel.Error, "A defect in the link; it is dialled again")]
    public static partial void LinkDefect(ILogger logger, Exception failure);

    [LoggerMessage(2007, LogLevel.Error, "A defect in the relay; the message was dropped")]
    public static partial void RelayDefect(ILogger logger, Exception failure);
}
