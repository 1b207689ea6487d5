using System.Text.Json;
using Exai.Core.Providers.Failures;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Streaming;

/// <summary>
/// Reads the events of one completion. One instance per attempt, so that nothing of a broken attempt reaches the next. Text and reasoning
/// come out as they arrive; tool calls, usage, sources and the finish come with <see cref="End"/>, because servers tell them in pieces,
/// late, twice or never.
/// </summary>
internal sealed class CompletionDecoder(FailureClassifier failures, string model)
{
    /// <summary>Key in the last update's properties: how many events were no JSON and were skipped.</summary>
    public const string SkippedKey = "exai.skipped_events";

    private readonly Dictionary<string, WebSource> _sources = new(StringComparer.Ordinal);
    private readonly ToolCallAssembler _toolCalls = new();
    private string _model = model;
    private string? _responseId;
    private string? _finishReason;
    private UsageDetails? _usage;
    private ProviderException? _failure;
    private int _characters;
    private bool _hasText;
    private bool _hasReasoning;
    private bool _emptyReasoning;
    private bool _complete;

    /// <summary>How far the answer got, as one of <see cref="Stages"/>.</summary>
    public string Stage { get; private set; } = Stages.FirstToken;

    public int Skipped { get; private set; }

    /// <summary>Nothing that follows belongs to the answer.</summary>
    public bool IsOver => _complete || _failure is not null;

    /// <summary>One event of the stream.</summary>
    public IEnumerable<ChatResponseUpdate> ReadEvent(string eventType, string data)
    {
        var errorEvent = eventType.Equals("error", StringComparison.OrdinalIgnoreCase);
        var text = data.AsSpan().Trim();
        if (IsOver || (text.IsEmpty && !errorEvent))
            yield break;
        if (text is "[DONE]")
        {
            _complete = true;
            yield break;
        }

        using var json = TryParse(data);
        if (json is null && errorEvent)
            _failure = failures.FromStream(new VendorError(Message: data), errorEvent, Stage);
        else if (json is null)
            Skipped++;
        else if (ReadChunk(json.RootElement, errorEvent) is { } update)
            yield return update;
    }

    /// <summary>A whole completion, or an error, sent as JSON in place of a stream.</summary>
    public IEnumerable<ChatResponseUpdate> ReadBody(string body)
    {
        using var json = TryParse(body);
        if (json is null)
        {
            Skipped++;
            yield break;
        }

        var update = ReadChunk(json.RootElement, errorEvent: false);
        _complete = true;
        if (update is not null)
            yield return update;
    }

    /// <summary>
    /// The last update, with tool calls, finish reason, usage and sources; then the failure, if there is one. Usage comes before the
    /// failure, since a failed attempt has its price too.
    /// </summary>
    /// <param name="cut">Why the stream broke, if it did; of no account once the finish reason is there.</param>
    public IEnumerable<ChatResponseUpdate> End(ProviderException? cut = null)
    {
        var failure = Failure(cut, out var calls);
        if (failure is null || _usage is not null)
            yield return Last(failure, calls);
        if (failure is not null)
            throw failure;
    }

    private ProviderException? Failure(ProviderException? cut, out IReadOnlyList<FunctionCallContent> calls)
    {
        calls = [];
        if (_failure is not null)
            return _failure;
        if (_finishReason is null && !_complete)
            return cut ?? failures.Truncated(Stage, _characters, Skipped);
        if (!_toolCalls.Any)
            return _hasText ? null : failures.NoAnswer(_finishReason, _usage);

        calls = _toolCalls.Complete(cut: _finishReason == "length", out var broken);
        return broken is null ? null : failures.BrokenToolCall(broken, _finishReason);
    }

    private ChatResponseUpdate Last(ProviderException? failure, IReadOnlyList<FunctionCallContent> calls)
    {
        var last = Update([]);
        // An empty reasoning that was sent is not an absent one: Kimi wants it back with the tool calls.
        if (_emptyReasoning && !_hasReasoning)
            last.Contents.Add(new TextReasoningContent(""));
        foreach (var call in calls)
            last.Contents.Add(call);
        if (_usage is not null)
            last.Contents.Add(new UsageContent(_usage));
        if (failure is null && _finishReason is not null)
            last.FinishReason = new ChatFinishReason(_finishReason);
        if (_sources.Count > 0)
            (last.AdditionalProperties ??= [])[WebSource.Key] = (IReadOnlyList<WebSource>)[.. _sources.Values];
        if (Skipped > 0)
            (last.AdditionalProperties ??= [])[SkippedKey] = Skipped;
        return last;
    }

    private ChatResponseUpdate? ReadChunk(JsonElement chunk, bool errorEvent)
    {
        _responseId = chunk.Text("id") ?? _responseId;
        _model = chunk.Text("model") is { Length: > 0 } named ? named : _model;
        _usage = UsageReading.Merge(_usage, chunk);
        KeepSources(chunk);

        var contents = new List<AIContent>();
        // Further choices were not asked for; audio comes under them and is no text.
        var calling = false;
        foreach (var choice in chunk.Items("choices").Where(choice => (choice.Number("index") ?? 0) == 0))
            calling |= ReadChoice(choice, contents);

        // After the choices: the text that stands beside an error has arrived all the same. The outright error knows more than its finish reason.
        if (VendorError.Find(chunk, errorEvent) is { } error)
            _failure = failures.FromStream(error, errorEvent, Stage);
        else if (_finishReason is not null)
            _failure ??= failures.FromFinish(_finishReason, Stage);

        // Told at once and again at the end: whoever waits for a server that never closes its stream knows that the text is whole.
        // Not with tool calls, which only the end delivers.
        var finished = _finishReason is not null && _hasText && !_toolCalls.Any && _failure is null;
        if (contents.Count == 0 && !finished && !calling)
            return null;

        var update = Update(contents);
        if (calling)
            (update.AdditionalProperties ??= [])[ToolCallAssembler.ProgressKey] = _toolCalls.Characters;
        if (finished)
            update.FinishReason = new ChatFinishReason(_finishReason!);
        return update;
    }

    /// <returns>Whether it brought something of a tool call.</returns>
    private bool ReadChoice(JsonElement choice, List<AIContent> contents)
    {
        _usage = UsageReading.Merge(_usage, choice);
        var delta = choice.Object("delta") is { ValueKind: JsonValueKind.Object } streamed ? streamed : choice.Object("message");
        KeepSources(choice);
        KeepSources(delta);

        var reasoning = DeltaReading.Reasoning(delta);
        if (reasoning is { Length: > 0 })
        {
            contents.Add(new TextReasoningContent(reasoning));
            _hasReasoning = true;
            if (Stage == Stages.FirstToken)
                Stage = Stages.Reasoning;
        }

        _emptyReasoning |= reasoning is "";

        if (DeltaReading.Content(delta) is { Length: > 0 } text)
        {
            contents.Add(new TextContent(text));
            _characters += text.Length;
            // GLM opens with a lone line break, which is no answer yet.
            if (_hasText |= !string.IsNullOrWhiteSpace(text))
                Stage = Stages.Answer;
        }

        var calling = _toolCalls.Read(delta);
        if (calling)
            Stage = Stages.Answer;
        if (choice.Text("finish_reason") is { Length: > 0 } finish)
            _finishReason = finish;
        return calling;
    }

    private void KeepSources(JsonElement holder)
    {
        foreach (var source in SourceReading.Find(holder))
            _sources.TryAdd(source.Link, source);
    }

    private ChatResponseUpdate Update(List<AIContent> contents) =>
        new(ChatRole.Assistant, contents) { ModelId = _model, ResponseId = _responseId };

    private static JsonDocument? TryParse(string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
