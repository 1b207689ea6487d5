using System.Text.Json.Nodes;
using Exai.Simulator.Answers;
using Exai.Simulator.Dialects;
using Microsoft.AspNetCore.Http;

namespace Exai.Simulator.Http;

/// <summary>
/// One JSON body at the end, its headers with it: a client without a stream sees nothing of the stages in between. Only
/// keep-alives start the response early, as blank lines before the JSON, the way DeepSeek does it.
/// </summary>
internal sealed class WholeOutput(HttpResponse response, SimulatedDialect dialect) : IAnswerOutput
{
    public Task BeginAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task TokenAsync(bool reasoning, string text, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task KeepAliveAsync(CancellationToken cancellationToken)
    {
        if (!response.HasStarted)
            response.ContentType = "application/json; charset=utf-8";
        await response.Body.WriteAsync("\n"u8.ToArray(), cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }

    public Task FinishAsync(Completion completion, CancellationToken cancellationToken) =>
        WriteAsync(dialect.Whole(completion), cancellationToken);

    public Task FailAsync(JsonObject error, CancellationToken cancellationToken) => WriteAsync(error, cancellationToken);

    private Task WriteAsync(JsonObject body, CancellationToken cancellationToken) => response.HasStarted
        ? response.WriteAsync(ProviderJson.Write(body), cancellationToken)
        : ProviderJson.RespondAsync(response, StatusCodes.Status200OK, body, cancellationToken);
}
