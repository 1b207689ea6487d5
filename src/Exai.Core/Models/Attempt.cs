using System.Text;
using Exai.Core.Calls;
using Exai.Core.Providers;
using Exai.Core.Providers.Streaming;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Models;

/// <summary>
/// One request to one model, under its clocks: collects what arrives, and tells afterwards what came of it. A failed attempt is discarded
/// whole; nothing of it is ever joined to another.
/// </summary>
internal sealed class Attempt(ModelRoute route, IReadOnlyList<ChatMessage> messages, ChatOptions options, AttemptClocks clocks, Action<CallProgress> report)
{
    private readonly StringBuilder _answer = new();
    private readonly AttemptProgress _progress = new(route.ModelId, report);
    private readonly List<WebSource> _sources = [];
    private readonly List<string> _notes = [];
    private UsageDetails? _usage;
    private int _reasoningCharacters;
    private long? _firstTokenMs;
    private string? _stageReached;
    private bool _finished;

    public ModelRoute Route => route;

    public string Text => _answer.ToString();

    public string FinishReason { get; private set; } = "stop";

    public IReadOnlyList<WebSource> Sources => _sources;

    /// <summary>What the reader of the answer should know about it.</summary>
    public IReadOnlyList<string> Notes => _notes;

    public long? FirstTokenMs => _firstTokenMs;

    /// <summary>A token of the answer has arrived: the commit point. Reasoning is none, nor is the blank line that some models open with.</summary>
    public bool Committed { get; private set; }

    public string Stage => _stageReached ?? (clocks.HeadersSeen ? Stages.FirstToken : Stages.Headers);

    /// <summary>Null when the model answered, otherwise why it did not; a fired clock included.</summary>
    /// <exception cref="OperationCanceledException">The call itself was ended.</exception>
    public async Task<ProviderException?> RunAsync(CancellationToken callEnded)
    {
        _progress.Waiting();
        try
        {
            await foreach (var update in route.Provider.Client.GetStreamingResponseAsync(messages, options, clocks.Token))
            {
                Take(update);
            }

            if (!Committed)
            {
                return AttemptFailures.NoAnswer(route, FinishReason);
            }

            _stageReached = Stages.Finish;
            return null;
        }
        catch (ProviderException failure)
        {
            _stageReached = failure.Error.Stage ?? _stageReached;
            return failure;
        }
        catch (Exception) when (callEnded.IsCancellationRequested)
        {
            // Whatever a client makes of a cancelled request.
            throw new OperationCanceledException(callEnded);
        }
        catch (OperationCanceledException) when (_finished)
        {
            // The answer is whole; only the end of the stream did not come.
            _stageReached = Stages.Finish;
            return null;
        }
        catch (Exception failure) when (clocks.Fired is { } clock)
        {
            return AttemptFailures.ClockFired(route, clock, clocks, Stage, _answer.Length, failure);
        }
        catch (Exception failure) when (failure is not CallException)
        {
            return AttemptFailures.ClientFailed(route, Stage, failure);
        }
    }

    /// <summary>What has arrived of the answer, to be shown as the part that it is; null when there is none.</summary>
    public string? Partial => Committed ? Text : null;

    /// <summary>What the ledger says of it.</summary>
    /// <param name="begun">Its row, as entered when it began.</param>
    /// <param name="outcome"><c>ok</c> or an error code.</param>
    /// <param name="failure">Why the model did not answer; null when it did, or when the attempt was ended from outside.</param>
    public AttemptRecord Book(AttemptRecord begun, string outcome, ProviderException? failure)
    {
        var tokens = Tokens(failure);
        return begun with
        {
            Outcome = outcome,
            Fault = Faults.Of(outcome, Stage),
            Clock = failure?.Error.Clock,
            Stage = Stage,
            ConnectMs = (long?)clocks.ConnectedAfter?.TotalMilliseconds,
            FirstTokenMs = _firstTokenMs,
            TotalMs = (long)clocks.Elapsed.TotalMilliseconds,
            Tokens = tokens,
            CostUsd = route.Info?.Cost(tokens.Input, tokens.Output, tokens.Cached),
        };
    }

    private void Take(ChatResponseUpdate update)
    {
        // By index: the list's enumerator would be an object for each token.
        for (var at = 0; at < update.Contents.Count; at++)
        {
            switch (update.Contents[at])
            {
                case TextReasoningContent { Text.Length: > 0 } reasoning:
                    _reasoningCharacters += reasoning.Text.Length;
                    Token(Stages.Reasoning, thinking: true);
                    _progress.Thinking(_reasoningCharacters);
                    break;
                case TextContent { Text.Length: > 0 } text:
                    _answer.Append(text.Text);
                    Committed |= !string.IsNullOrWhiteSpace(text.Text);
                    Token(Committed ? Stages.Answer : Stages.FirstToken);
                    _progress.Answering(_answer.Length);
                    break;
                case UsageContent usage:
                    _usage = usage.Details;
                    break;
            }
        }

        if (update.FinishReason is { } finish)
        {
            _finished = Committed;
            FinishReason = finish.Value;
        }

        if (Property<IReadOnlyList<WebSource>>(update, WebSource.Key) is { } sources)
        {
            _sources.AddRange(sources);
        }

        if (Property<string>(update, CompletionDecoder.LiteralCallKey) is { } place)
        {
            _notes.Add($"The model wrote a tool call as plain text in its {place}; nothing was called.");
        }

        if (update.AdditionalProperties?.ContainsKey(ToolCallAssembler.ProgressKey) == true)
        {
            // Arguments come in pieces that no content shows, and take as long as thinking does.
            Token(_stageReached ?? Stages.Reasoning, thinking: true);
        }
    }

    private static T? Property<T>(ChatResponseUpdate update, string key)
        where T : class => update.AdditionalProperties?.GetValueOrDefault(key) as T;

    private void Token(string stage, bool thinking = false)
    {
        clocks.TokenReceived(thinking);
        _firstTokenMs ??= (long)clocks.Elapsed.TotalMilliseconds;
        _stageReached = stage;
    }

    /// <summary>As the provider reports them, an explicit zero included; without a report they are estimated and marked.</summary>
    private ReceiptTokens Tokens(ProviderException? failure)
    {
        if (_usage is { } usage)
        {
            return new ReceiptTokens
            {
                Input = usage.InputTokenCount ?? 0,
                Output = usage.OutputTokenCount ?? 0,
                Reasoning = usage.ReasoningTokenCount ?? 0,
                Cached = usage.CachedInputTokenCount ?? 0,
            };
        }

        // A request that was refused, or never arrived, is billed by nobody.
        if (Stage == Stages.Connect || (Stage == Stages.Headers && failure?.HttpStatus >= 400))
        {
            return new ReceiptTokens();
        }

        var reasoning = _reasoningCharacters / 4;
        return new ReceiptTokens
        {
            Input = TokenEstimate.Of(messages),
            Output = TokenEstimate.Of(Text) + reasoning,
            Reasoning = reasoning,
            Estimated = true,
        };
    }
}
