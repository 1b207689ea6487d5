using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Kimi;

/// <summary>What the turns of one attempt come to together.</summary>
internal sealed class SearchState
{
    /// <summary>The result of a search that could not be run, told to the model.</summary>
    public const string Unavailable = "The web search is not available. Answer from what you know, and say that you could not search.";

    private readonly Dictionary<string, WebSource> _sources = new(StringComparer.Ordinal);
    private UsageDetails? _usage;
    private string? _note;

    public bool Failed => _note is not null;

    /// <summary>Each request is billed with all that the earlier ones brought, search results included.</summary>
    public void Add(UsageDetails? usage)
    {
        if (usage is null)
            return;
        (_usage ??= new UsageDetails()).Add(usage);
    }

    public void Found(IEnumerable<WebSource> sources)
    {
        foreach (var source in sources)
            _sources.TryAdd(source.Link, source);
    }

    public void Fail(string provider, string model, ProviderException failure) => _note = _sources.Count > 0
        ? $"A web search of {provider} failed ({failure.Error.Code}); {model} answered from the earlier ones."
        : $"The web search of {provider} failed ({failure.Error.Code}); {model} answered without it.";

    /// <summary>What is told before a failure: its price, and the part of an answer that had come; null when there is neither.</summary>
    public ChatResponseUpdate? Broken(SearchTurn turn, string partial) =>
        Update(turn, partial, []) is { Contents.Count: > 0 } update ? update : null;

    public ChatResponseUpdate Last(SearchTurn turn, SearchWay way)
    {
        if (turn.Properties?.GetValueOrDefault(WebSource.Key) is IReadOnlyList<WebSource> told)
            Found(told);
        if (_sources.Count == 0 && !Failed)
            Found(AnswerLinks.Find(turn.Text));

        // Calls that are not ours are the caller's to run.
        var last = Update(turn, turn.Withheld, turn.Calls.Where(call => !SearchWay.IsSearch(call)));
        last.FinishReason = turn.Finish;
        var properties = turn.Properties?.Clone() ?? [];
        if (_sources.Count > 0)
            properties[WebSource.Key] = (IReadOnlyList<WebSource>)[.. _sources.Values];
        if (_note is not null)
            properties[AnswerNotes.Key] = (IReadOnlyList<string>)[_note];
        if (way.SilencesThinking)
            properties[AnswerNotes.ThinkingKey] = "off";
        last.AdditionalProperties = properties;
        return last;
    }

    private ChatResponseUpdate Update(SearchTurn turn, string text, IEnumerable<AIContent> calls)
    {
        var update = new ChatResponseUpdate(ChatRole.Assistant, [.. calls]) { ModelId = turn.ModelId, ResponseId = turn.ResponseId };
        if (text.Length > 0)
            update.Contents.Insert(0, new TextContent(text));
        if (_usage is not null)
            update.Contents.Add(new UsageContent(_usage));
        return update;
    }
}
