using System.Runtime.CompilerServices;
using Exai.Core.Providers.Failures;
using Exai.Core.Providers.Streaming;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>
/// One request to one model of an OpenAI-compatible provider; always streamed, since gateways cut silent requests. In order:
/// <list type="number">
/// <item>the dialect writes the request's JSON;</item>
/// <item>it is posted, and the headers awaited; the signals hear of connection and headers;</item>
/// <item>an error status is classified by the dialect's table;</item>
/// <item>the body is decoded into updates as it arrives; the signals hear of every read;</item>
/// <item>the last update brings finish reason, usage and sources, or the attempt fails.</item>
/// </list>
/// No retries, no clocks but the connect timeout, no state between attempts. Every failure is a <see cref="ProviderException"/>, except the
/// caller's own cancellation, which passes as it is. <c>ChatOptions.ModelId</c> is required. Thread-safe.
/// </summary>
/// <remarks>The client owns <paramref name="http"/> and disposes it.</remarks>
/// <param name="services">What the provider offers beside chat; <see cref="GetService"/> hands them out by their interfaces.</param>
internal sealed class OpenAiCompatibleClient(
    ProviderEndpoint endpoint, Dialect dialect, HttpClient http, TimeProvider timeProvider, IReadOnlyList<object>? services = null) : IChatClient
{
    private readonly ChatClientMetadata _metadata = new(endpoint.Name, endpoint.BaseUrl);

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // 1. Write the request.
        var request = ChatRequest.From(messages, options);
        var failures = new FailureClassifier(dialect, endpoint, request.Model, timeProvider);
        var signals = request.Attempt.Signals;
        using var content = new RequestBody(dialect.WriteRequest(request), signals);

        // 2. Post it and await the headers.
        using var message = Message(content, failures);
        using var response = await SendAsync(message, content, failures, cancellationToken);
        signals?.HeadersReceived();
        await using var body = new ObservedStream(await response.Content.ReadAsStreamAsync(cancellationToken), signals);

        // 3. Classify an error status.
        if (!response.IsSuccessStatusCode)
            throw failures.FromResponse((int)response.StatusCode, await ResponseReader.ReadErrorAsync(body, cancellationToken), response.Headers);

        // 4. Decode what arrives.
        var decoder = new CompletionDecoder(failures, request.Model);
        ProviderException? cut;
        await using (var updates = ResponseReader.ReadAsync(body, decoder, failures, cancellationToken).GetAsyncEnumerator(cancellationToken))
        {
            while (true)
            {
                (var more, cut) = await MoveNextAsync(updates, decoder, failures, cancellationToken);
                if (!more)
                    break;
                yield return updates.Current;
            }
        }

        // 5. Finish or fail.
        foreach (var update in decoder.End(cut))
            yield return update;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(ChatClientMetadata) ? _metadata
        : serviceType.IsInstanceOfType(this) ? this
        : services?.FirstOrDefault(serviceType.IsInstanceOfType);

    public void Dispose() => http.Dispose();

    private HttpRequestMessage Message(RequestBody content, FailureClassifier failures)
    {
        var message = ProviderRequest.Create(
            HttpMethod.Post, endpoint.Url("chat/completions"), endpoint, dialect, http, failures, "text/event-stream");
        message.Content = content;
        return message;
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage message, RequestBody content, FailureClassifier failures, CancellationToken cancellationToken)
    {
        try
        {
            return await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException exception) when (exception.InnerException is TimeoutException)
        {
            // So the handler tells that its connect timeout ran out.
            throw failures.ConnectTimedOut(exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw content.Sent ? failures.Cut(Stages.Headers, exception) : failures.CannotConnect(exception);
        }
    }

    /// <summary>Apart from the iterator, because an iterator cannot catch around a yield. Pooled, as it waits for every token.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<(bool More, ProviderException? Cut)> MoveNextAsync(
        IAsyncEnumerator<ChatResponseUpdate> updates, CompletionDecoder decoder, FailureClassifier failures, CancellationToken cancellationToken)
    {
        try
        {
            return (await updates.MoveNextAsync(), null);
        }
        catch (EventTooLargeException exception)
        {
            return (false, failures.TooLarge(decoder.Stage, exception));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or OperationCanceledException)
        {
            // A cancelled request is torn down, and the read may notice that first.
            cancellationToken.ThrowIfCancellationRequested();
            return (false, failures.Cut(decoder.Stage, exception));
        }
    }
}
