using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Exai.Core.Providers.Failures;
using Exai.Core.Providers.Streaming;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>Turns bodies into updates or errors. What a body is, its first byte says: content types are often wrong.</summary>
internal static class ResponseReader
{
    private const int LongestErrorBody = 64 * 1024;
    private const int LongestBody = 16 * 1024 * 1024;

    /// <summary>The updates of a body that came with a success status. Never throws of itself except for a web page; reading may.</summary>
    public static async IAsyncEnumerable<ChatResponseUpdate> ReadAsync(
        ObservedStream body, CompletionDecoder decoder, FailureClassifier failures, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        switch (await body.PeekAsync(cancellationToken))
        {
            case (byte)'<':
                throw failures.NotAnApi();
            case (byte)'{':
                var (text, isWhole) = await ReadAllAsync(body, LongestBody, cancellationToken);
                if (!isWhole)
                    throw new EventTooLargeException(LongestBody);
                if (decoder.ReadBody(text) is { } whole)
                    yield return whole;
                break;
            default:
                await foreach (var item in SseParser.Create(body, new StreamEventReader().Read).EnumerateAsync(cancellationToken))
                {
                    using var received = item.Data;
                    if (decoder.ReadEvent(received) is { } update)
                        yield return update;
                    if (decoder.IsOver)
                        break;
                }

                break;
        }
    }

    /// <summary>The error in a body that came with an error status. HTML and broken bodies say nothing: the status alone judges.</summary>
    public static async Task<VendorError> ReadErrorAsync(ObservedStream body, CancellationToken cancellationToken)
    {
        string text;
        try
        {
            if (await body.PeekAsync(cancellationToken) is null or (byte)'<')
                return VendorError.None;
            (text, _) = await ReadAllAsync(body, LongestErrorBody, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or EventTooLargeException)
        {
            return VendorError.None;
        }

        // Some servers answer a request for a stream with an error event, status and all.
        var json = text.StartsWith("data:", StringComparison.Ordinal) ? text["data:".Length..] : text;
        try
        {
            using var document = JsonDocument.Parse(json);
            return VendorError.Find(document.RootElement, surely: true) ?? VendorError.None;
        }
        catch (JsonException)
        {
            return new VendorError(Message: text);
        }
    }

    /// <summary>The body's text, or its beginning if it is longer than that.</summary>
    public static async Task<(string Text, bool IsWhole)> ReadAllAsync(ObservedStream body, int longest, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        do
        {
            read = await body.ReadAsync(buffer, cancellationToken);
            bytes.Write(buffer, 0, read);
        }
        while (read > 0 && bytes.Length < longest);
        return (Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length), read == 0);
    }
}
