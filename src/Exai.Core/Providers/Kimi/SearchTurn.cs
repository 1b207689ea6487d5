using System.Text;
using Exai.Core.Providers.Streaming;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Kimi;

/// <summary>
/// One request of a search: gathers what it brings and says what of it may be shown at once. While the model may still call a tool, its
/// text is shown as reasoning: only the end tells whether it was the answer or a word before a search.
/// </summary>
/// <param name="mayCall">A tool may be called in this turn.</param>
internal sealed class SearchTurn(bool mayCall)
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _reasoning = new();
    private bool _hasReasoning;

    public List<FunctionCallContent> Calls { get; } = [];

    public UsageDetails? Usage { get; private set; }

    /// <summary>Of the last update that had some; sources and the like.</summary>
    public AdditionalPropertiesDictionary? Properties { get; private set; }

    public ChatFinishReason? Finish { get; private set; }

    public string? ModelId { get; private set; }

    public string? ResponseId { get; private set; }

    public string Text => _text.ToString();

    /// <summary>The part of the answer that has not been shown as such.</summary>
    public string Withheld => mayCall ? Text : "";

    /// <summary>It ends in calls, and all of them are of a kind.</summary>
    public bool CallsOnly(Predicate<FunctionCallContent> kind) => Calls.Count > 0 && Calls.TrueForAll(kind);

    /// <summary>What to show of an update; null for nothing.</summary>
    public ChatResponseUpdate? Take(ChatResponseUpdate update)
    {
        (ModelId, ResponseId) = (update.ModelId ?? ModelId, update.ResponseId ?? ResponseId);
        Finish = update.FinishReason ?? Finish;
        var shown = new List<AIContent>();
        foreach (var content in update.Contents)
        {
            switch (content)
            {
                case TextReasoningContent reasoning:
                    _hasReasoning = true;
                    _reasoning.Append(reasoning.Text);
                    shown.Add(reasoning);
                    break;
                case TextContent text:
                    _text.Append(text.Text);
                    shown.Add(mayCall ? new TextReasoningContent(text.Text) : text);
                    break;
                case FunctionCallContent call:
                    Calls.Add(call);
                    break;
                case UsageContent usage:
                    Usage = usage.Details;
                    break;
                default:
                    shown.Add(content);
                    break;
            }
        }

        // Pieces of a call are signs of life; what else stands here belongs to the end.
        var calling = update.AdditionalProperties?.ContainsKey(ToolCallAssembler.ProgressKey) == true;
        if (!calling && update.AdditionalProperties is { Count: > 0 } properties)
            Properties = properties;
        return shown.Count == 0 && !calling
            ? null
            : new ChatResponseUpdate(ChatRole.Assistant, shown)
            {
                ModelId = update.ModelId,
                ResponseId = update.ResponseId,
                AdditionalProperties = calling ? update.AdditionalProperties : null,
            };
    }

    /// <summary>The turn as it goes back to the model, with its thoughts: a tool turn without them is refused.</summary>
    public ChatMessage Message()
    {
        List<AIContent> contents = [];
        if (_hasReasoning)
            contents.Add(new TextReasoningContent(_reasoning.ToString()));
        if (!string.IsNullOrWhiteSpace(Text))
            contents.Add(new TextContent(Text));
        return new ChatMessage(ChatRole.Assistant, [.. contents, .. Calls]);
    }
}
