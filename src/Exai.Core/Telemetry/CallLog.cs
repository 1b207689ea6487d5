using Exai.Core.Calls;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Telemetry;

/// <summary>What calls write to the log. Event ids 1000–1099. Never a prompt or an answer.</summary>
internal static partial class CallLog
{
    [LoggerMessage(1000, LogLevel.Information, "Call {CallId} {Tool} {State} after {TotalMs} ms, run {Runs}")]
    public static partial void Finished(ILogger logger, string callId, string tool, CallState state, long totalMs, int runs);

    [LoggerMessage(1001, LogLevel.Warning, "Call {CallId} taken over for run {Runs}: its daemon {Epoch} is dead")]
    public static partial void TakenOver(ILogger logger, string callId, int runs, string epoch);

    [LoggerMessage(1002, LogLevel.Error, "Call {CallId} {Tool} could not be resolved")]
    public static partial void ResolveFailed(ILogger logger, Exception failure, string callId, string tool);

    [LoggerMessage(1003, LogLevel.Error, "The outcome of call {CallId} could not be journaled; it is sent as not durable")]
    public static partial void NotDurable(ILogger logger, Exception failure, string callId);

    [LoggerMessage(1004, LogLevel.Warning, "Run {Runs} of call {CallId} lost its ownership to another daemon, whose outcome counts")]
    public static partial void OwnershipLost(ILogger logger, string callId, int runs);

    [LoggerMessage(1005, LogLevel.Warning, "The leases of the running calls could not be renewed")]
    public static partial void LeaseNotRenewed(ILogger logger, Exception failure);

    [LoggerMessage(1006, LogLevel.Error, "Call {CallId} {Tool} met a defect")]
    public static partial void ToolDefect(ILogger logger, Exception failure, string callId, string tool);

    [LoggerMessage(1007, LogLevel.Information, "Call {CallId}: {Provider} {Model} ended {Outcome} at {Stage} after {TotalMs} ms")]
    public static partial void AttemptEnded(ILogger logger, string callId, string provider, string model, string outcome, string stage, long totalMs);

    [LoggerMessage(1008, LogLevel.Warning, "Old finished calls could not be removed from the journal")]
    public static partial void NotForgotten(ILogger logger, Exception failure);

    [LoggerMessage(1009, LogLevel.Information, "Call {CallId}: {Model} failed with {Code}; asked again in {DelayMs} ms")]
    public static partial void Retrying(ILogger logger, string callId, string model, string code, long delayMs);

    [LoggerMessage(1010, LogLevel.Warning, "Call {CallId}: {From} failed with {Code}; {To} is asked in its place")]
    public static partial void FellBack(ILogger logger, string callId, string from, string to, string code);

    [LoggerMessage(1011, LogLevel.Error, "Call {CallId}: the provider's client met a defect while it asked {Model}")]
    public static partial void ClientDefect(ILogger logger, Exception failure, string callId, string model);

    [LoggerMessage(1012, LogLevel.Warning, "The calls of daemons that died could not be looked for")]
    public static partial void OrphansNotFound(ILogger logger, Exception failure);

    [LoggerMessage(1020, LogLevel.Warning, "Old threads and ledger rows could not be removed from the store")]
    public static partial void OldRecordsNotForgotten(ILogger logger, Exception failure);

    [LoggerMessage(1021, LogLevel.Information, "{Count} files of forgotten calls and threads were removed")]
    public static partial void BlobsRemoved(ILogger logger, int count);

    [LoggerMessage(1022, LogLevel.Warning, "Files of forgotten calls and threads could not be removed")]
    public static partial void BlobsNotRemoved(ILogger logger, Exception failure);
}
