using Exai.Core.Providers;
using Exai.Protocol;

namespace Exai.Core.Models;

/// <summary>The failures that no provider tells: a clock that fired, a silent end, a client that broke.</summary>
internal static class AttemptFailures
{
    public static ProviderException ClockFired(ModelRoute route, string clock, AttemptClocks clocks, string stage, int characters, Exception cause)
    {
        var what = clock switch
        {
            Clocks.Headers => "sent no response headers",
            Clocks.FirstToken => "sent no first token",
            Clocks.Idle => stage == Stages.Answer ? "fell silent in the middle of its answer" : "fell silent while it was thinking",
            _ => "did not finish its answer",
        };
        var received = characters == 0 ? "no answer text had arrived" : $"{characters:N0} characters (about {Math.Max(1, characters / 4):N0} tokens) of the answer had arrived";
        var message = $"{route.ModelId} at {route.Provider.Name} {what}: the {clock} clock fired after {clocks.Limit(clock).TotalSeconds:0.#} s " +
            $"({clocks.Elapsed.TotalSeconds:0.#} s into the attempt; {received}). Ask again, ask another model, or raise the limit (exai config).";

        // Whoever used up the whole time of an attempt would use up the next one's too.
        var failureClass = clock == Clocks.Stream ? FailureClass.FallBackWithNotice : FailureClass.RetryOnce;
        return new ProviderException(Error(route, ErrorCodes.Timeout, stage, message) with { Clock = clock }, failureClass, cause);
    }

    /// <summary>Never an empty success.</summary>
    public static ProviderException NoAnswer(ModelRoute route, string finishReason)
    {
        var spent = finishReason == "length";
        var message = $"{route.ModelId} at {route.Provider.Name} ended with no answer (finish reason {finishReason}). " +
            (spent ? "Raise the output limit, or switch thinking off." : "Ask again, or choose another model.");
        return new ProviderException(Error(route, ErrorCodes.ProviderError, Stages.Finish, message), spent ? FailureClass.Stop : FailureClass.RetryOnce);
    }

    /// <summary>A client of the seam that does not speak its language. Its own words may hold anything, so they go to the log alone.</summary>
    public static ProviderException ClientFailed(ModelRoute route, string stage, Exception cause) => new(
        Error(
            route, ErrorCodes.ProviderError, stage,
            $"The client of {route.Provider.Name} failed while {route.ModelId} was asked ({cause.GetType().Name}). The daemon's log has the details."),
        FailureClass.RetryOnce,
        cause);

    /// <summary>The breaker lets nothing through: recent attempts have all failed, and one more would wait for the same.</summary>
    public static ProviderException CircuitOpen(ModelRoute route, TimeSpan until)
    {
        var error = Error(
            route, ErrorCodes.CircuitOpen, Stages.Queue,
            $"{route.ModelId} at {route.Provider.Name} is not asked for another {Math.Ceiling(until.TotalSeconds):0} s: its last attempts all failed by the provider's fault " +
            "(CIRCUIT_BREAKER_FAILURE_THRESHOLD). Ask again later, or ask another model.");
        return new ProviderException(error with { RetryAfterSecs = Math.Ceiling(until.TotalSeconds) }, FailureClass.FallBackWithNotice);
    }

    /// <summary>The provider's key is paused for longer than the call has left.</summary>
    public static ProviderException Paused(CallError error) =>
        new(error, FailureClass.RetryShort) { RetryAfter = TimeSpan.FromSeconds(error.RetryAfterSecs ?? 0) };

    private static CallError Error(ModelRoute route, string code, string stage, string message) => new()
    {
        Code = code,
        Provider = route.Provider.Name,
        Model = route.ModelId,
        Stage = stage,
        Message = message,
    };
}
