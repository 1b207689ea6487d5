using Exai.Protocol;

namespace Exai.Core.Admission;

/// <summary>What admission refuses, in words.</summary>
internal static class AdmissionErrors
{
    public static CallError OverCapacity(Session session, int share, AdmissionOptions options, int sharing, TimeSpan retryAfter) => new()
    {
        Code = ErrorCodes.OverCapacity,
        RetryAfterSecs = retryAfter.TotalSeconds,
        Message = $"The queue is full for this session: {session.Places} of its calls wait, {session.Seat.Held} run, and its share is {share} " +
            $"(EXAI_QUEUE_MAX={options.QueueMax} over {sharing} session{(sharing == 1 ? "" : "s")}). Nothing was run. " +
            $"Send the call again in {retryAfter.TotalSeconds:0} s, ask less at once, or raise EXAI_QUEUE_MAX.",
    };

    public static CallError Paused(PermitRequest request, TimeSpan pause) => new()
    {
        Code = ErrorCodes.RateLimited,
        Stage = Stages.Queue,
        CallId = request.CallId,
        Provider = request.Provider,
        Model = request.Model,
        RetryAfterSecs = Math.Ceiling(pause.TotalSeconds),
        Message = $"{request.Provider} asked to be left alone for another {Math.Ceiling(pause.TotalSeconds):0} s, which is longer than this call has left, so {request.Model} was not asked. " +
            "Ask again then, or ask a model of another provider.",
    };

    public static CallError QueueTimeout(Waiter waiter, int place, TimeSpan waited, AdmissionOptions options)
    {
        var (request, provider) = (waiter.Request, waiter.Flow.Provider);
        var global = provider.Parent!;
        return new CallError
        {
            Code = ErrorCodes.Timeout,
            Clock = Clocks.Queue,
            Stage = Stages.Queue,
            CallId = request.CallId,
            Provider = request.Provider,
            Model = request.Model,
            Message = $"No permit for {request.Model} at {request.Provider} after {waited.TotalSeconds:0.#} s: the queue clock (EXAI_QUEUE_TIMEOUT_SECS) fired at place {place} " +
                $"of {provider.WaitingAttempts}. Running: {provider.Held} of {provider.Limit} at {provider.Name}, {waiter.Flow.Session.Seat.Held} of {options.SessionLimit} in this " +
                $"session, {global.Held} of {global.Limit} in all. The model was not asked. Ask again later, ask another model, or raise the limit that is used up (exai config).",
        };
    }
}
