using Exai.Core.Admission;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Telemetry;

/// <summary>What admission writes to the log. Event ids 1500–1599.</summary>
internal static partial class AdmissionLog
{
    [LoggerMessage(1500, LogLevel.Error, "A permit had no living owner and was taken back: {Owner}")]
    public static partial void PermitLost(ILogger logger, PermitOwner owner);

    [LoggerMessage(1501, LogLevel.Error, "Telling call {CallId} its place in the queue failed")]
    public static partial void ListenerFailed(ILogger logger, Exception failure, string callId);

    [LoggerMessage(1502, LogLevel.Warning, "The learned limits could not be {What}")]
    public static partial void LimitsNotKept(ILogger logger, Exception failure, string what);

    [LoggerMessage(1503, LogLevel.Warning, "The limits cannot be shared with the other daemons at present; no attempt begins beyond what this one is sure of")]
    public static partial void SharesNotExchanged(ILogger logger, Exception failure);
}
