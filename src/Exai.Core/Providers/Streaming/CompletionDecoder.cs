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
internal sealed class CompletionDecoder
{
    /// <summary>Key in the last update's properties: how many events were no JSON and were skipped, an int.</summary>
    public const string SkippedKey = "exai.skipped_events";

    /// <summary>
    /// Key in the last update's properties: where the model wrote a tool call as literal text and made none, <c>answer</c> or
    /// <c>reasoning</c>. The text is left as it is; the reader should be told that nothing was called.
    /// </summary>
    public const string LiteralCallKey = "exai.literal_tool_call";

    private readonly FailureClassifier _failures;
    private readonly SpliceGuard _origin = new();
    private readonly ContentSplitter _splitter;
    private readonly ToolCallAssembler _toolCalls = new();
    private readonly LiteralCallWatch _callInAnswer = new();
    private readonly LiteralCallWatch _callInReasoning = new();
    private readonly Dictionary<string, WebSource> _sources = new(StringComparer.Ordinal);
    private List<AIContent> _contents = [];
    private string _model;
    private string? _finishReason;
    private UsageDetails? _usage;
    private ProviderException? _failure;
    private int _characters;
    private bool _hasDelta;
    private bool _hasText;
    private bool _hasReasoning;
    private bool _emptyReasoning;
    private bool _complete;

    public CompletionDecoder(FailureClassifier failures, string model)
    {
        _failures = failures;
        _model = model;
        _splitter = new ContentSplitter(hasBoxes: model.Contains("glm", StringComparison.OrdinalIgnoreCase), Think, Say);
    }

    /// <summary>How far the answer got, as one of <see cref="Stages"/>.</summary>
    public string Stage { get; private set; } = Stages.FirstToken;

    public int Skipped { get; private set; }

    /// <summary>Nothing that follows belongs to the answer.</summary>
    public bool IsOver => _complete || _failure is not null;

    /// <summary>One event of the stream; null when it brings nothing to tell.</summary>
    public ChatResponseUpdate? ReadEvent(StreamEvent received)
    {
        if (IsOver)
            return null;
        if (received.Json is { } json)
            return ReadChunk(json.RootElement, received.IsError);

        _complete = received.IsEnd;
        if (received.Text is { } text)
            ReadUnreadable(text, received.IsError);
        return null;
    }

    /// <summary>A whole completion, or an error, sent as JSON in place of a stream.</summary>
    public ChatResponseUpdate? ReadBody(string body)
    {
        using var json = StreamEventReader.TryParse(body);
        if (json is null)
        {
            Skipped++;
            return null;
        }

        var update = ReadChunk(json.RootElement, errorEvent: false);
        _complete = true;
        return update;
    }

    /// <summary>
    /// The last update, with tool calls, finish reason, usage and sources; then the failure, if there is one. Usage comes before the
    /// failure, since a failed attempt has its price too.
    /// </summary>
    /// <param name="cut">Why the stream broke, if it did; of no account once the finish reason is there.</param>
    public IEnumerable<ChatResponseUpdate> End(ProviderException? cut = null)
    {
        _splitter.Flush();
        var failure = Failure(cut, out var calls);
        if (failure is null || _usage is not null || _contents.Count > 0)
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
            return cut ?? (_hasDelta ? null : _failures.Silent()) ?? _failures.Truncated(Stage, _characters, Skipped);
        if (_toolCalls.Any)
        {
            calls = _toolCalls.Complete(cut: _finishReason == "length", out var broken);
            return broken is null ? null : _failures.BrokenToolCall(broken, _finishReason);
        }

        if (_hasText)
            return null;
        return (_hasDelta ? null : _failures.Silent()) ?? _failures.NoAnswer(_finishReason, _usage, _callInReasoning.Seen);
    }

    private ChatResponseUpdate Last(ProviderException? failure, IReadOnlyList<FunctionCallContent> calls)
    {
        var last = Update();
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
        if (!_toolCalls.Any && (_callInAnswer.Seen || _callInReasoning.Seen))
            (last.AdditionalProperties ??= [])[LiteralCallKey] = _callInAnswer.Seen ? "answer" : "reasoning";
        return last;
    }

    private void ReadUnreadable(string text, bool errorEvent)
    {
        if (errorEvent)
            _failure = _failures.FromStream(new VendorError(Message: text), errorEvent, Stage);
        else if (_origin.IsSpliced(text))
            _failure = _failures.Spliced(Stage, _characters);
        else
            Skipped++;
    }

    private ChatResponseUpdate? ReadChunk(JsonElement chunk, bool errorEvent)
    {
        if (_origin.IsForeign(chunk, afterGap: Skipped > 0) && Brings(chunk))
        {
            // After a finish, the answer before it is whole.
            _complete = _finishReason is not null;
            _failure = _complete ? null : _failures.Spliced(Stage, _characters);
            return null;
        }

        if (!chunk.Says("model", _model) && chunk.Text("model") is { Length: > 0 } named)
            _model = named;
        _usage = UsageReading.Merge(_usage, chunk);
        KeepSources(chunk);

        var calling = false;
        foreach (var choice in chunk.Items("choices"))
        {
            // Further choices were not asked for; audio comes under them and is no text.
            if ((choice.Number("index") ?? 0) == 0)
                calling |= ReadChoice(choice);
        }

        // After the choices: the text that stands beside an error has arrived all the same. The outright error knows more than its finish reason.
        if (VendorError.Find(chunk, errorEvent) is { } error)
            _failure = _failures.FromStream(error, errorEvent, Stage);
        if (_finishReason is not null)
            _splitter.Flush();

        // Told at once and again at the end: whoever waits for a server that never closes its stream knows that the text is whole.
        // Not with tool calls, which only the end delivers.
        var finished = _finishReason is not null && _hasText && !_toolCalls.Any && _failure is null;
        if (_contents.Count == 0 && !finished && !calling)
            return null;

        var update = Update();
        if (calling)
            (update.AdditionalProperties ??= [])[ToolCallAssembler.ProgressKey] = _toolCalls.Characters;
        if (finished)
            update.FinishReason = new ChatFinishReason(_finishReason!);
        return update;
    }

    /// <returns>Whether it brought something of a tool call.</returns>
    private bool ReadChoice(JsonElement choice)
    {
        _usage = UsageReading.Merge(_usage, choice);
        var delta = choice.Object("delta");
        var streamed = delta.ValueKind == JsonValueKind.Object;
        if (!streamed)
            delta = choice.Object("message");
        _hasDelta |= delta.ValueKind == JsonValueKind.Object;
        KeepSources(choice);
        KeepSources(delta);

        var reasoning = DeltaReading.Reasoning(delta);
        _emptyReasoning |= reasoning is "";
        if (reasoning is { Length: > 0 })
            Think(reasoning);

        if (DeltaReading.Content(delta) is { Length: > 0 } text)
        {
            if (streamed && _origin.IsSplicedText(text, _model))
            {
                _failure = _failures.Spliced(Stage, _characters);
                return false;
            }

            _splitter.Read(text);
        }

        var calling = _toolCalls.Read(delta);
        if (calling)
            Stage = Stages.Answer;
        if (choice.Text("finish_reason") is { } finish && !string.IsNullOrWhiteSpace(finish))
        {
            // A second finish chunk adds nothing but a failure.
            _failure ??= _failures.FromFinish(finish, Stage);
            _finishReason ??= finish;
        }

        return calling;
    }

    private void Think(string reasoning)
    {
        _contents.Add(new TextReasoningContent(reasoning));
        _hasReasoning = true;
        _callInReasoning.Read(reasoning);
        if (Stage == Stages.FirstToken)
            Stage = Stages.Reasoning;
    }

    private void Say(string text)
    {
        _contents.Add(new TextContent(text));
        _characters += text.Length;
        _callInAnswer.Read(text);
        // White space alone is no answer yet.
        if (_hasText |= !string.IsNullOrWhiteSpace(text))
            Stage = Stages.Answer;
    }

    private void KeepSources(JsonElement holder)
    {
        foreach (var source in SourceReading.Find(holder))
            _sources.TryAdd(source.Link, source);
    }

    /// <summary>An update with what the chunk brought.</summary>
    private ChatResponseUpdate Update()
    {
        var contents = _contents;
        _contents = [];
        return new(ChatRole.Assistant, contents) { ModelId = _model, ResponseId = _origin.Id };
    }

    /// <summary>Whether a chunk has anything that would be put to the answer.</summary>
    private static bool Brings(JsonElement chunk)
    {
        foreach (var choice in chunk.Items("choices"))
        {
            var delta = choice.Object("delta") is { ValueKind: JsonValueKind.Object } streamed ? streamed : choice.Object("message");
            if (DeltaReading.Content(delta).Length > 0 || DeltaReading.Reasoning(delta) is { Length: > 0 } || delta.HasItems("tool_calls"))
                return true;
        }

        return false;
    }
}
