using System.Text;
using Exai.Core.Providers;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Models;

/// <summary>One request to one model, under its clocks: collects what arrives and books what it cost.</summary>
internal sealed class Attempt(ModelRoute route, IReadOnlyList<ChatMessage> messages, ChatOptions options, AttemptClocks clocks, Action<string> report)
{
    private const int ReportEveryCharacters = 80;

    private readonly StringBuilder _answer = new();
    private readonly List<WebSource> _sources = [];
    private UsageDetails? _usage;
    private int _reasoningCharacters;
    private int _reportedCharacters;
    private long? _firstTokenMs;
    private string? _stageReached;
    private bool _finished;

    public string Text => _answer.ToString();

    public string FinishReason { get; private set; } = "stop";

    public IReadOnlyList<WebSource> Sources => _sources;

    public long? FirstTokenMs => _firstTokenMs;

    /// <exception cref="ProviderException">It failed; a fired clock included.</exception>
    /// <exception cref="OperationCanceledException">The call itself was ended.</exception>
    public async Task RunAsync(CancellationToken callEnded)
    {
        report($"{route.ModelId}: waiting for the first token");
        try
        {
            await foreach (var update in route.Provider.Client.GetStreamingResponseAsync(messages, options, clocks.Token))
            {
                Take(update);
            }

            _stageReached = Stages.Finish;
        }
        catch (ProviderException failure)
        {
            _stageReached = failure.Error.Stage ?? _stageReached;
            throw;
        }
        catch (OperationCanceledException) when (_finished && !callEnded.IsCancellationRequested)
        {
            // The answer is whole; only the end of the stream did not come.
            _stageReached = Stages.Finish;
        }
        catch (OperationCanceledException failure) when (clocks.Fired is { } clock && !callEnded.IsCancellationRequested)
        {
            throw new ProviderException(TimedOut(clock), FailureClass.RetryOnce, failure);
        }
    }

    private string Stage => _stageReached ?? (clocks.HeadersSeen ? Stages.FirstToken : Stages.Headers);

    public ReceiptAttempt Book(string outcome) =>
        new(route.ModelId, outcome, Stage, QueueMs: 0, _firstTokenMs, (long)clocks.Elapsed.TotalMilliseconds, Tokens());

    private void Take(ChatResponseUpdate update)
    {
        foreach (var content in update.Contents)
        {
            switch (content)
            {
                case TextReasoningContent { Text.Length: > 0 } reasoning:
                    Token(Stages.Reasoning);
                    _reasoningCharacters += reasoning.Text.Length;
                    break;
                case TextContent { Text.Length: > 0 } text:
                    Token(Stages.Answer);
                    _answer.Append(text.Text);
                    break;
                case UsageContent usage:
                    _usage = usage.Details;
                    break;
            }
        }

        if (update.FinishReason is { } finish)
        {
            _finished = true;
            FinishReason = finish.Value;
        }

        if (update.AdditionalProperties?.TryGetValue(WebSource.Key, out var value) == true && value is IReadOnlyList<WebSource> sources)
        {
            _sources.AddRange(sources);
        }

        ReportGrowth();
    }

    private void Token(string stage)
    {
        clocks.TokenReceived();
        _firstTokenMs ??= (long)clocks.Elapsed.TotalMilliseconds;
        if (_stageReached != stage)
        {
            _stageReached = stage;
            _reportedCharacters = int.MinValue;
        }
    }

    private void ReportGrowth()
    {
        var characters = Stage == Stages.Reasoning ? _reasoningCharacters : _answer.Length;
        if (_firstTokenMs is not null && (long)characters - _reportedCharacters >= ReportEveryCharacters)
        {
            _reportedCharacters = characters;
            var tokens = Math.Max(1, characters / 4);
            report($"{route.ModelId} {(Stage == Stages.Reasoning ? "thinking" : "answering")}, {tokens:N0} token{(tokens == 1 ? "" : "s")}");
        }
    }

    private ReceiptTokens Tokens() => _usage is { } usage
        ? new ReceiptTokens
        {
            Input = usage.InputTokenCount ?? 0,
            Output = usage.OutputTokenCount ?? 0,
            Reasoning = usage.ReasoningTokenCount ?? 0,
            Cached = usage.CachedInputTokenCount ?? 0,
        }
        : new ReceiptTokens
        {
            Input = messages.Sum(message => (long)TokenEstimate.Of(message.Text)),
            Output = TokenEstimate.Of(Text) + (_reasoningCharacters / 4),
            Reasoning = _reasoningCharacters / 4,
            Estimated = true,
        };

    private CallError TimedOut(string clock)
    {
        var limit = clocks.Limit(clock);
        var received = _answer.Length == 0 ? "no answer text had arrived" : $"{_answer.Length:N0} characters of the answer had arrived";
        var what = clock switch
        {
            Clocks.Headers => "sent no response headers",
            Clocks.FirstToken => "sent no first token",
            Clocks.Idle => "fell silent in the middle of its answer",
            _ => "did not finish its answer",
        };
        return new CallError
        {
            Code = ErrorCodes.Timeout,
            Clock = clock,
            Provider = route.Provider.Name,
            Model = route.ModelId,
            Stage = Stage,
            Partial = _answer.Length == 0 ? null : Text,
            Message = $"{route.ModelId} at {route.Provider.Name} {what}: the {clock} clock fired after {limit.TotalSeconds:0.#} s " +
                $"({clocks.Elapsed.TotalSeconds:0.#} s into the attempt; {received}). Ask again, ask another model, or raise the limit (exai config).",
        };
    }
}
