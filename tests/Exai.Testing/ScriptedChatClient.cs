using System.Runtime.CompilerServices;
using Exai.Core.Providers;
using Microsoft.Extensions.AI;

namespace Exai.Testing;

/// <summary>One thing that a scripted provider does; a request is answered by a list of them.</summary>
public abstract record ScriptStep
{
    /// <summary>Silence, on the client's clock.</summary>
    public sealed record Wait(TimeSpan For) : ScriptStep;

    /// <summary>The response headers arrive.</summary>
    public sealed record Headers : ScriptStep;

    /// <summary>Bytes that hold no token arrive: a keep-alive comment.</summary>
    public sealed record Bytes : ScriptStep;

    public sealed record Think(string Text) : ScriptStep;

    public sealed record Say(string Text) : ScriptStep;

    public sealed record Usage(int Input, int Output, int Reasoning = 0, int Cached = 0) : ScriptStep;

    public sealed record Source(string Title, string Link) : ScriptStep;

    public sealed record Finish(string Reason = "stop") : ScriptStep;

    public sealed record Fail(Exception Failure) : ScriptStep;

    /// <summary>Something of the test's own, in the middle of an answer.</summary>
    public sealed record Do(Action Action) : ScriptStep;

    public static ScriptStep Seconds(double seconds) => new Wait(TimeSpan.FromSeconds(seconds));

    /// <summary>Silence until the request is cancelled.</summary>
    public static ScriptStep Hang { get; } = new Wait(Timeout.InfiniteTimeSpan);
}

/// <summary>A request as the provider got it.</summary>
public sealed class ScriptedRequest(int number, IReadOnlyList<ChatMessage> messages, ChatOptions options)
{
    /// <summary>1 for the first.</summary>
    public int Number => number;

    public IReadOnlyList<ChatMessage> Messages => messages;

    public ChatOptions Options => options;

    public AttemptOptions Attempt => AttemptOptions.From(options);

    /// <summary>The last message's text.</summary>
    public string Prompt => messages[^1].Text;

    /// <summary>Whether the client gave the request up.</summary>
    public bool Cancelled { get; internal set; }

    /// <summary>Whether the script was played to its end.</summary>
    public bool Completed { get; internal set; }
}

/// <summary>A provider that plays a script, on any clock. Keeps every request. Not for use from several threads at once.</summary>
public sealed class ScriptedChatClient(TimeProvider time, Func<ScriptedRequest, IEnumerable<ScriptStep>> script) : IChatClient
{
    private readonly List<ScriptedRequest> _requests = [];

    /// <summary>Answers each prompt with "answer to (prompt)", after the time given.</summary>
    public ScriptedChatClient(TimeProvider time, TimeSpan? delay = null)
        : this(time, request => Echo(request, delay ?? TimeSpan.Zero))
    {
    }

    public IReadOnlyList<ScriptedRequest> Requests => _requests;

    public static IEnumerable<ScriptStep> Echo(ScriptedRequest request, TimeSpan delay) =>
    [
        new ScriptStep.Wait(delay), new ScriptStep.Headers(), new ScriptStep.Say($"answer to ({request.Prompt})"),
        new ScriptStep.Usage(100, 20), new ScriptStep.Finish(),
    ];

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ScriptedRequest(_requests.Count + 1, [.. messages], options ?? new ChatOptions());
        _requests.Add(request);
        await using var cancelled = cancellationToken.Register(() => request.Cancelled = !request.Completed);
        foreach (var step in script(request))
        {
            if (await PlayAsync(step, request, cancellationToken) is { } update)
            {
                yield return update;
            }
        }

        request.Completed = true;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
        // Holds nothing.
    }

    private async Task<ChatResponseUpdate?> PlayAsync(ScriptStep step, ScriptedRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        switch (step)
        {
            case ScriptStep.Wait wait when wait.For != TimeSpan.Zero:
                await Task.Delay(wait.For, time, cancellationToken);
                return null;
            case ScriptStep.Headers:
                request.Attempt.Signals?.HeadersReceived();
                return null;
            case ScriptStep.Bytes:
                request.Attempt.Signals?.BytesReceived();
                return null;
            case ScriptStep.Think think:
                request.Attempt.Signals?.BytesReceived();
                return Update(new TextReasoningContent(think.Text));
            case ScriptStep.Say say:
                request.Attempt.Signals?.BytesReceived();
                return Update(new TextContent(say.Text));
            case ScriptStep.Usage usage:
                return Update(new UsageContent(new UsageDetails
                {
                    InputTokenCount = usage.Input,
                    OutputTokenCount = usage.Output,
                    ReasoningTokenCount = usage.Reasoning,
                    CachedInputTokenCount = usage.Cached,
                }));
            case ScriptStep.Source source:
                return new ChatResponseUpdate(ChatRole.Assistant, [])
                {
                    AdditionalProperties = new() { [WebSource.Key] = (IReadOnlyList<WebSource>)[new WebSource(source.Title, source.Link)] },
                };
            case ScriptStep.Finish finish:
                return new ChatResponseUpdate(ChatRole.Assistant, []) { FinishReason = new ChatFinishReason(finish.Reason) };
            case ScriptStep.Do action:
                action.Action();
                return null;
            case ScriptStep.Fail fail:
                throw fail.Failure;
            default:
                return null;
        }
    }

    private static ChatResponseUpdate Update(AIContent content) => new(ChatRole.Assistant, [content]);
}
