using Exai.Core.Admission;
using Exai.Core.Calls;
using Exai.Core.Providers;
using Exai.Core.Telemetry;
using Exai.Protocol;
using Exai.Settings;
using Microsoft.Extensions.Logging;
using Polly.CircuitBreaker;

namespace Exai.Core.Models;

/// <summary>How the gateway goes on when a model fails.</summary>
public sealed record GatewayOptions
{
    public FallbackMode Fallback { get; init; } = FallbackMode.Auto;

    /// <summary>In the order to try; empty means the other providers' default models.</summary>
    public IReadOnlyList<string> FallbackModels { get; init; } = [];

    public RetryOptions Retry { get; init; } = new(Attempts: 2, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(4));
}

/// <summary>
/// From a question to an answer, outermost first:
/// <list type="number">
/// <item>call deadline: the token that is passed in, and the time that is left of it;</item>
/// <item>fallback chain: the asked model, then those that may answer in its place;</item>
/// <item>retry: one model again, as the class of its failure says; nothing is held while it waits;</item>
/// <item>permit: one for each attempt, given back before anything else happens;</item>
/// <item>circuit breaker: an attempt that is queued is no probe;</item>
/// <item>attempt clocks;</item>
/// <item>dialect client.</item>
/// </list>
/// A failed attempt is discarded whole: the answer is always one attempt's text. If all fail, the error carries the longest part of an
/// answer that any of them gave. Thread-safe.
/// </summary>
internal sealed class ModelGateway(
    ModelRouter router,
    IPermits permits,
    AttemptRegistry attempts,
    CircuitBreakers breakers,
    GatewayOptions options,
    GatewayMeters meters,
    Func<double> chance,
    TimeProvider time,
    ILogger logger) : IModelGateway
{
    private readonly TokenRatios _ratios = new();

    public async Task<ModelAnswer> AskAsync(ModelQuestion question, AskScope scope, CancellationToken cancellationToken)
    {
        var asked = await router.ResolveAsync(question, cancellationToken);
        scope.Book.Asked(asked.AskedModel);
        var chain = new FallbackChain(router, question, asked, question.Fallback ?? options.Fallback, options.FallbackModels);
        var tried = new TriedModels(time);

        // Fallback chain.
        while (true)
        {
            var failure = await AskModelAsync(question, chain, tried, scope, cancellationToken);
            if (failure is null)
            {
                return Answer(chain.Current, question, tried);
            }

            if (chain.After(failure) is not { } next)
            {
                throw tried.GiveUp(chain.Current, failure);
            }

            var fallback = tried.Failed(chain.Current, failure);
            scope.Book.FellBack(fallback);
            scope.Report(new CallProgress($"{chain.Current.ModelId} failed ({fallback.Code}); asking {next.ModelId}", CallStages.Retry));
            meters.FellBack(chain.Current, next, fallback.Code);
            CallLog.FellBack(logger, scope.CallId, chain.Current.ModelId, next.ModelId, fallback.Code);
            chain.MoveTo(next);
        }
    }

    /// <summary>One model, as often as its failures allow; null when it answered.</summary>
    private async Task<ProviderException?> AskModelAsync(
        ModelQuestion question, FallbackChain chain, TriedModels tried, AskScope scope, CancellationToken cancellationToken)
    {
        var request = new ModelRequest(question, chain.Current, _ratios.Of(chain.Current));
        var retry = new RetryPolicy(options.Retry, chance);
        while (true)
        {
            if (request.TooLarge is { } tooLarge)
            {
                return tooLarge;
            }

            var (failure, committed) = await AttemptAsync(request, tried, scope, cancellationToken);
            if (failure is null)
            {
                return null;
            }

            var wait = retry.Next(new FailedAttempt(failure, committed, chain.After(failure) is not null, request.CanShrink, request.Searches, scope.TimeLeft()));
            if (wait is not { } delay)
            {
                return failure;
            }

            if (failure.FailureClass == FailureClass.Shrink)
            {
                request.Shrink();
            }
            else if (failure.Fallback == Fallback.WithoutSearch && (failure.FailureClass == FailureClass.Stop || retry.IsLast))
            {
                request.StopSearching();
            }

            CallLog.Retrying(logger, scope.CallId, chain.Current.ModelId, failure.Error.Code, (long)delay.TotalMilliseconds);
            if (delay > TimeSpan.Zero)
            {
                scope.Report(new CallProgress($"{chain.Current.ModelId}: {failure.Error.Code}; asking again in {delay.TotalSeconds:0.#} s", CallStages.Retry));
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    /// <summary>One request, from the queue to its end.</summary>
    private async Task<(ProviderException? Failure, bool Committed)> AttemptAsync(
        ModelRequest request, TriedModels tried, AskScope scope, CancellationToken cancellationToken)
    {
        // Permit; but nobody queues for a model that is not asked.
        var route = request.Route;
        var breaker = breakers.For(route);
        if (breaker.OpenFor is { } closedAfter)
        {
            return (AttemptFailures.CircuitOpen(route, closedAfter), false);
        }

        // Alive before the permit and after it: that is what the audit compares.
        using var alive = attempts.Enter(scope.CallId);
        var (permit, refusal) = await PermitAsync(alive.Owner, route, scope, cancellationToken);
        if (permit is null)
        {
            return (refusal, false);
        }

        using var giveBack = permit;

        // Circuit breaker.
        var committed = false;
        try
        {
            var failure = await breaker.RunAsync(
                async () =>
                {
                    // Attempt clocks, dialect client.
                    using var clocks = new AttemptClocks(route.Provider.Clocks.For(request.Searches, request.Thinking.IsOn), time, cancellationToken);
                    var attempt = new Attempt(route, request.Messages, request.Options(clocks), clocks, scope.Report);
                    var ended = await RunBookedAsync(attempt, permit, request, scope, cancellationToken);
                    committed = attempt.Committed;
                    tried.Keep(attempt, request, ended);
                    return ended;
                },
                cancellationToken);
            return (failure, committed);
        }
        catch (BrokenCircuitException broken)
        {
            return (AttemptFailures.CircuitOpen(route, broken.RetryAfter ?? TimeSpan.FromSeconds(1)), false);
        }
    }

    /// <summary>A permit, or why its provider is not to be waited for.</summary>
    private async Task<(IPermit? Permit, ProviderException? Refusal)> PermitAsync(
        PermitOwner owner, ModelRoute route, AskScope scope, CancellationToken cancellationToken)
    {
        using var span = CallTraces.Queue(scope.CallId, route.Provider.Name);
        var since = time.GetTimestamp();
        var request = new PermitRequest
        {
            CallId = owner.CallId,
            Attempt = owner.Attempt,
            SessionId = scope.SessionId,
            Provider = route.Provider.Name,
            Model = route.ModelId,
            Patience = scope.TimeLeft(),
            Priority = scope.Priority,
            Queued = place => scope.Report(new CallProgress(QueueText(place), CallStages.Queue) { QueuePlace = place.Place }),
        };
        IPermit? permit = null;
        try
        {
            permit = await permits.AcquireAsync(request, cancellationToken);
            return (permit, null);
        }
        catch (CallException refused) when (refused.Error.Code == ErrorCodes.RateLimited)
        {
            return (null, AttemptFailures.Paused(refused.Error));
        }
        finally
        {
            if (permit is null)
            {
                scope.Book.QueuedInVain(time.GetElapsedTime(since));
            }
        }
    }

    /// <summary>Runs the attempt with its row in the ledger: whatever ends it, the row says so.</summary>
    private async Task<ProviderException?> RunBookedAsync(
        Attempt attempt, IPermit permit, ModelRequest request, AskScope scope, CancellationToken cancellationToken)
    {
        var route = attempt.Route;
        using var span = CallTraces.Attempt(scope.CallId, route);
        var begun = scope.Book.Begin(request.Begin(time.GetUtcNow(), permit.Waited));
        ProviderException? failure = null;
        var outcome = ErrorCodes.InternalError;
        try
        {
            failure = await attempt.RunAsync(cancellationToken);
            outcome = failure?.Error.Code ?? AttemptOutcomes.Ok;
            return failure;
        }
        catch (OperationCanceledException)
        {
            outcome = scope.EndedBy()?.Code ?? ErrorCodes.Interrupted;
            if (attempt.Partial is { } partial)
            {
                scope.Book.KeepPartial(partial);
            }

            throw;
        }
        finally
        {
            scope.Book.Learned(permit.Learn(Signal(outcome), failure?.RetryAfter));
            var ended = attempt.Book(begun, outcome, failure);
            if (outcome == AttemptOutcomes.Ok && !ended.Tokens.Estimated)
            {
                _ratios.Learn(route, TokenEstimate.Of(request.Messages), ended.Tokens.Input);
            }

            scope.Book.End(ended);
            span.Ended(ended);
            meters.Ended(ended);
            if (failure is { InnerException: { } defect, Error.Code: ErrorCodes.ProviderError } && defect is not (IOException or HttpRequestException or OperationCanceledException))
            {
                CallLog.ClientDefect(logger, defect, scope.CallId, route.ModelId);
            }

            CallLog.AttemptEnded(logger, scope.CallId, route.Provider.Name, route.ModelId, outcome, ended.Stage, ended.TotalMs);
        }
    }

    private static ModelAnswer Answer(ModelRoute route, ModelQuestion question, TriedModels tried)
    {
        var (attempt, request) = tried.Answered;
        List<string> notes = [.. route.Notes, .. attempt.Notes];
        if (question.WebSearch && !request.Searches && request.SearchNote is { } searchNote)
        {
            notes.Add(searchNote);
        }

        return new ModelAnswer
        {
            Text = attempt.Text,
            AskedModel = route.AskedModel,
            Model = route.ModelId,
            Provider = route.Provider.Name,
            Thinking = request.Thinking.Applied,
            FinishReason = attempt.FinishReason,
            Sources = [.. attempt.Sources.Select(source => new AnswerSource(source.Title, source.Link))],
            DroppedTurns = request.DroppedTurns,
            LeftOutFiles = request.LeftOutFiles,
            Fallbacks = tried.Fallbacks,
            FirstTokenMs = attempt.FirstTokenMs,
            Notes = notes,
        };
    }

    private static ProviderSignal Signal(string outcome) => outcome switch
    {
        AttemptOutcomes.Ok => ProviderSignal.Served,
        ErrorCodes.RateLimited => ProviderSignal.Refused,
        _ => ProviderSignal.Neutral,
    };

    private static string QueueText(QueuePlace place) => place.EstimatedWait is { } wait
        ? $"queued, place {place.Place}, about {Math.Ceiling(wait.TotalSeconds):0} s"
        : $"queued, place {place.Place}";
}
