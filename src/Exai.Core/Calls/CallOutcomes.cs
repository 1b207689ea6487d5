using Exai.Protocol;

namespace Exai.Core.Calls;

/// <summary>Outcomes that no tool made.</summary>
internal static class CallOutcomes
{
    /// <summary>A call that was never accepted; it is not journaled.</summary>
    public static CallOutcome Refused(CallRequest request, Exception failure, TimeProvider time)
    {
        var error = ErrorMapper.Map(failure, request.CallId);
        var now = time.GetUtcNow();
        return new CallOutcome
        {
            State = CallState.Failed,
            Text = error.Message,
            Error = error,
            Receipt = new Receipt { CallId = request.CallId, Tool = request.Tool, State = "failed", Runs = 0, StartedAt = now, FinishedAt = now },
        };
    }

    public static CallOutcome Interrupted(CallRecord call, int maxRuns, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var text = $"The daemon died {maxRuns} times while it ran this call (EXAI_CALL_MAX_RUNS), so it is not run again. " +
            "Look at the daemon's log for the cause, then ask again.";
        return new CallOutcome
        {
            State = CallState.Interrupted,
            Text = text,
            Error = new CallError { Code = ErrorCodes.Interrupted, Message = text, CallId = call.CallId },
            Receipt = new Receipt
            {
                CallId = call.CallId,
                Tool = call.Tool,
                State = "interrupted",
                Runs = maxRuns,
                StartedAt = call.AcceptedAt,
                FinishedAt = now,
                TotalMs = (long)(now - call.AcceptedAt).TotalMilliseconds,
            },
        };
    }
}
