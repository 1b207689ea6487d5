using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Exai.Core.Models.Catalogue;
using Exai.Protocol;
using Exai.Settings;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Kimi;

/// <summary>
/// Lets Kimi search the web, which takes several requests: the model calls a search, gets its result, and goes on. From outside it is one
/// attempt: one stream, one finish, the usage of all requests together, one cancellation. Requests without web search pass untouched.
/// <list type="number">
/// <item>the way is chosen: the built-in search, or the formula where the model is to think;</item>
/// <item>the model is asked, with the search declared;</item>
/// <item>each search it calls is run (built-in: its arguments go back unchanged; formula: the provider runs it), and the model asked again;</item>
/// <item>a turn without a call is the answer. After <see cref="MostTurns"/> turns, or a search that failed, no more calls are allowed.</item>
/// </list>
/// </summary>
internal sealed class KimiSearchClient(IChatClient inner, KimiFormulaSearch formula, KimiSearchMode mode, ModelCatalogue catalogue) : DelegatingChatClient(inner)
{
    /// <summary>Requests to the model in one attempt; each may search.</summary>
    public const int MostTurns = 8;

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        options is { ModelId: { } model } && AttemptOptions.From(options) is { WebSearch: true } attempt
            // 1. The way.
            ? SearchAsync([.. messages], options, new SearchWay(attempt, IsBuiltIn(model, attempt)), cancellationToken)
            : base.GetStreamingResponseAsync(messages, options, cancellationToken);

    private async IAsyncEnumerable<ChatResponseUpdate> SearchAsync(
        List<ChatMessage> messages, ChatOptions options, SearchWay way, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var search = new SearchState();
        for (var number = 1; ; number++)
        {
            // 2. Ask.
            var mayCall = number < MostTurns && !search.Failed;
            var turn = new SearchTurn(mayCall);
            ExceptionDispatchInfo? failure;
            await using (var updates = InnerClient.GetStreamingResponseAsync(messages, way.Options(options, mayCall), cancellationToken).GetAsyncEnumerator(cancellationToken))
            {
                while (true)
                {
                    (var more, failure) = await MoveNextAsync(updates);
                    if (!more)
                        break;
                    if (turn.Take(updates.Current) is { } shown)
                        yield return shown;
                }
            }

            // 3. Search.
            search.Add(turn.Usage);
            var searches = turn.CallsOnly(SearchWay.IsSearch);
            if (failure is null && searches && mayCall)
            {
                messages.Add(turn.Message());
                failure = await RunAllAsync(turn.Calls, messages, way, options.ModelId!, search, cancellationToken);
                if (failure is null)
                    continue;
            }

            if (!mayCall && searches && string.IsNullOrWhiteSpace(turn.Text))
                failure ??= ExceptionDispatchInfo.Capture(NoAnswer(options.ModelId!));
            if (failure is not null)
            {
                // After a search the text was most likely the answer: a part of it is better than none.
                if (search.Broken(turn, number > 1 && !searches ? turn.Withheld : "") is { } told)
                    yield return told;
                failure.Throw();
            }

            // 4. The answer.
            yield return search.Last(turn, way);
            yield break;
        }
    }

    /// <summary>Null when the results of all calls stand among the messages.</summary>
    private async Task<ExceptionDispatchInfo?> RunAllAsync(
        IReadOnlyList<FunctionCallContent> calls, List<ChatMessage> messages, SearchWay way, string model, SearchState search, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var call in calls)
            {
                messages.Add(await RunAsync(call, model, search, cancellationToken));
                // The wait for a search is no silence of the model.
                way.Attempt.Signals?.BytesReceived();
            }

            return null;
        }
        catch (Exception failure)
        {
            return ExceptionDispatchInfo.Capture(failure);
        }
    }

    private async Task<ChatMessage> RunAsync(FunctionCallContent call, string model, SearchState search, CancellationToken cancellationToken)
    {
        var arguments = SearchWay.Arguments(call);
        if (call.Name == KimiBuiltinSearch.ToolName)
            return Result(call, arguments);
        if (search.Failed)
            return Result(call, SearchState.Unavailable);
        try
        {
            var found = await formula.RunAsync(arguments, cancellationToken);
            search.Found(found.Sources);
            return Result(call, found.Output);
        }
        catch (ProviderException failure)
        {
            search.Fail(formula.Provider, model, failure);
            return Result(call, SearchState.Unavailable);
        }
    }

    /// <summary>
    /// The built-in search wants thinking off. Models that always think, or whose thinking is unknown, get the formula; so does a wish for
    /// thinking, which is not to be dropped for the sake of a setting.
    /// </summary>
    private bool IsBuiltIn(string model, AttemptOptions attempt) => mode == KimiSearchMode.Builtin && catalogue.FindFamily(model)?.Thinking switch
    {
        ThinkingKind.None => true,
        ThinkingKind.Toggle => attempt is { Thinking: not true, Effort: null },
        ThinkingKind.DefaultOn => attempt.Thinking == false,
        _ => false,
    };

    private static ChatMessage Result(FunctionCallContent call, string text) => new(ChatRole.Tool, [new FunctionResultContent(call.CallId, text)]);

    private ProviderException NoAnswer(string model) => new(
        new CallError
        {
            Code = ErrorCodes.ProviderError,
            Message = $"{formula.Provider}: {model} went on searching the web and gave no answer. Ask again, or ask without web search.",
            Provider = formula.Provider,
            Model = model,
            Stage = Stages.Finish,
        },
        FailureClass.RetryOnce);

    /// <summary>Apart from the iterator, because an iterator cannot catch around a yield.</summary>
    private static async ValueTask<(bool More, ExceptionDispatchInfo? Failure)> MoveNextAsync(IAsyncEnumerator<ChatResponseUpdate> updates)
    {
        try
        {
            return (await updates.MoveNextAsync(), null);
        }
        catch (Exception failure)
        {
            return (false, ExceptionDispatchInfo.Capture(failure));
        }
    }
}
