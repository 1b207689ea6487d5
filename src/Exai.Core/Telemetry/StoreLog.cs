using Microsoft.Extensions.Logging;

namespace Exai.Core.Telemetry;

/// <summary>What is said of a database on another machine. Event ids 1030–1039.</summary>
internal static partial class StoreLog
{
    [LoggerMessage(1030, LogLevel.Warning, "The database {Database} cannot be reached: {Reason}. Calls are held until it can")]
    public static partial void Away(ILogger logger, string database, string reason);

    [LoggerMessage(1031, LogLevel.Information, "The database {Database} is there again after {Seconds:0.0} s")]
    public static partial void Back(ILogger logger, string database, double seconds);
}
