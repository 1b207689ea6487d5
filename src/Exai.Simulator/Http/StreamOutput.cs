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

    public Task FailAsync(JsonObject error, CancellationToken cancellationToken) => DataAsync(error, cancellationToken);

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
