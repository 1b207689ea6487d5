using System.Text;
using System.Text.Json.Nodes;
using Exai.Simulator.Answers;
using Exai.Simulator.Dialects;
using Microsoft.AspNetCore.Http;

namespace Exai.Simulator.Http;

/// <summary>Server-sent events, each flushed by itself.</summary>
internal sealed class StreamOutput(HttpResponse response, SimulatedDialect dialect, Completion completion, SimulatorRule rule) : IAnswerOutput
{
    private readonly string _newLine = rule.Crlf ? "\r\n" : "\n";
    private int _pieces;

    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        await response.StartAsync(cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
        if (dialect.Opening(completion) is { } opening)
            await DataAsync(opening, cancellationToken);
    }

    public Task TokenAsync(bool reasoning, string text, CancellationToken cancellationToken) =>
        DataAsync(reasoning ? dialect.Reasoning(completion, text) : dialect.Content(completion, text), cancellationToken);

    public Task KeepAliveAsync(CancellationToken cancellationToken) => EventAsync(": keep-alive", cancellationToken);

    public async Task FinishAsync(Completion completion, CancellationToken cancellationToken)
    {
        foreach (var chunk in dialect.Calling(completion).Concat(dialect.Closing(completion)))
            await DataAsync(chunk, cancellationToken);
        if (!rule.OmitDone)
            await EventAsync("data: [DONE]", cancellationToken);
        if (rule.DoubleDone)
            await EventAsync("data: [DONE]", cancellationToken);
    }

    public Task FailAsync(JsonObject error, CancellationToken cancellationToken) => rule.StreamErrorAs switch
    {
        "event" => EventAsync("event: error" + _newLine + "data: " + ProviderJson.Write(error), cancellationToken),
        "finish" => DataAsync(FinishBeside(error), cancellationToken),
        _ => DataAsync(error, cancellationToken),
    };

    /// <summary>Cuts the token's data line in the middle and goes on in it with another completion, to that one's end.</summary>
    public async Task SpliceLineAsync(bool reasoning, string text, Completion second, CancellationToken cancellationToken)
    {
        var cut = ProviderJson.Write(reasoning ? dialect.Reasoning(completion, text) : dialect.Content(completion, text));
        var opening = "data: " + cut[..(cut.Length / 2)];
        foreach (var chunk in Chunks(second))
        {
            await EventAsync(opening + "data: " + ProviderJson.Write(chunk), cancellationToken);
            opening = "";
        }

        await EventAsync("data: [DONE]", cancellationToken);
    }

    /// <summary>Sends the first chunk of another completion as text.</summary>
    public Task SpliceTextAsync(Completion second, CancellationToken cancellationToken) =>
        DataAsync(dialect.Content(completion, "data: " + ProviderJson.Write(Chunks(second).First())), cancellationToken);

    private IEnumerable<JsonObject> Chunks(Completion whole)
    {
        if (dialect.Opening(whole) is { } opening)
            yield return opening;
        foreach (var piece in whole.Reasoning)
            yield return dialect.Reasoning(whole, piece);
        foreach (var piece in whole.Answer)
            yield return dialect.Content(whole, piece);
        foreach (var chunk in dialect.Calling(whole).Concat(dialect.Closing(whole)))
            yield return chunk;
    }

    private JsonObject FinishBeside(JsonObject error)
    {
        var chunk = dialect.Closing(completion with { FinishReason = "error", Usage = null, IncludeUsage = false, Sources = false }).First();
        chunk["error"] = error["error"]?.DeepClone();
        return chunk;
    }

    private Task DataAsync(JsonObject chunk, CancellationToken cancellationToken) =>
        EventAsync("data: " + ProviderJson.Write(chunk), cancellationToken);

    private async Task EventAsync(string line, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(line + _newLine + _newLine);
        while (!bytes.IsEmpty)
        {
            // One, two, three, one … bytes at a time: no multi-byte character gets through whole every time.
            var length = rule.SplitUtf8 ? Math.Min(1 + (_pieces++ % 3), bytes.Length) : bytes.Length;
            await response.Body.WriteAsync(bytes[..length], cancellationToken);
            await response.Body.FlushAsync(cancellationToken);
            bytes = bytes[length..];
        }
    }
}
