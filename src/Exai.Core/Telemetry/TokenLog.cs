using Microsoft.Extensions.Logging;

namespace Exai.Core.Telemetry;

/// <summary>What is said of named tokens. Event ids 1040–1049. Never a secret or its hash.</summary>
internal static partial class TokenLog
{
    [LoggerMessage(1040, LogLevel.Information, "The token {Name} is revoked; what is connected with it ends")]
    public static partial void Revoked(ILogger logger, string name);

    [LoggerMessage(1041, LogLevel.Warning, "The named tokens could not be read, those known so far hold: {Reason}")]
    public static partial void NotRead(ILogger logger, string reason);
}
