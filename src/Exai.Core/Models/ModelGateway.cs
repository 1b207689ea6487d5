using Exai.Core.Providers;
using Exai.Core.Telemetry;
using Exai.Protocol;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Models;

/// <summary>
/// From a question to an answer, outermost first:
/// <list type="number">
/// <item>route: the model that was named, or the first that fits;</item>
/// <item>window: the thread's turns that fit, newest first;</item>
/// <item>attempt: one request under its clocks;</item>
/// <item>answer: the text with the truth about how it came.</item>
/// </list>
/// The call's own deadline is in the token that is passed in. Thread-safe.
/// </summary>
internal sealed class ModelGateway(ModelRouter router, TimeProvider time, ILogger logger) : IModelGateway
{
    public async Task<ModelAnswer> AskAsync(ModelQuestion question, AskScope scope, CancellationToken cancellationToken)
    {
        // 1. Route.
        var route = router.Resolve(question);
        var thinking = ThinkingChoice.For(question.Thinking, route.Info?.Thinking);
        var searches = question.WebSearch && route.Info is { WebSearch: true };
        List<string> notes = [.. route.Notes];
        if (question.WebSearch && !searches && route.AskedModel != "auto")
        {
            notes.Add($"{route.ModelId} cannot search the web through EXAI; it answered without.");
        }

        // 2. Lay the thread into the window.
        var maxOutput = ThreadWindow.MaxOutput(route.Provider.MaxOutputTokens, route.Info);
        var (messages, dropped) = ThreadWindow.Lay(question, route.ModelId, route.Info?.Window, maxOutput);

        // 3. Ask, under the clocks.
        using var clocks = new AttemptClocks(route.Provider.Clocks.For(searches, thinking.IsOn), time, cancellationToken);
        var options = new ChatOptions
        {
            ModelId = route.ModelId,
            MaxOutputTokens = maxOutput,
            Temperature = question.Temperature,
            AdditionalProperties = new()
            {
                [AttemptOptions.Key] = new AttemptOptions
                {
                    Thinking = thinking.Asked,
                    WebSearch = searches,
                    CacheKey = question.ConversationId,
                    Signals = clocks,
                },
            },
        };
        var attempt = new Attempt(route, messages, options, clocks, scope.Report);
        var booked = await RunAsync(attempt, route, scope, cancellationToken);

        // 4. Answer.
        return new ModelAnswer
        {
            Text = attempt.Text,
            AskedModel = route.AskedModel,
            Model = route.ModelId,
            Provider = route.Provider.Name,
            Thinking = thinking.Applied,
            FinishReason = attempt.FinishReason,
            Sources = [.. attempt.Sources.Select(source => new AnswerSource(source.Title, source.Link))],
            DroppedTurns = dropped,
            Attempts = [booked],
            FirstTokenMs = attempt.FirstTokenMs,
            CostUsd = route.Info?.Cost(booked.Tokens.Input, booked.Tokens.Output, booked.Tokens.Cached),
            Notes = notes,
        };
    }

    private async Task<ReceiptAttempt> RunAsync(Attempt attempt, ModelRoute route, AskScope scope, CancellationToken cancellationToken)
    {
        var outcome = "ok";
        try
        {
            await attempt.RunAsync(cancellationToken);
            return attempt.Book(outcome);
        }
        catch (Exception failure)
        {
            outcome = failure switch
            {
                ProviderException provider => provider.Error.Code,
                OperationCanceledException => ErrorCodes.Cancelled,
                _ => ErrorCodes.InternalError,
            };
            scope.BookFailed(attempt.Book(outcome));
            throw;
        }
        finally
        {
            var booked = attempt.Book(outcome);
            CallLog.AttemptEnded(logger, scope.CallId, route.Provider.Name, route.ModelId, outcome, booked.Stage, booked.TotalMs);
        }
    }
}
