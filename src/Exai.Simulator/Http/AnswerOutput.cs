using System.Text.Json.Nodes;
using Exai.Simulator.Answers;

namespace Exai.Simulator.Http;

/// <summary>How the steps of an answer reach the client: chunk by chunk, or all at the end.</summary>
internal interface IAnswerOutput
{
    /// <summary>Sends the headers, where they come before the answer.</summary>
    Task BeginAsync(CancellationToken cancellationToken);

    Task TokenAsync(bool reasoning, string text, CancellationToken cancellationToken);

    /// <summary>A sign of life that carries nothing.</summary>
    Task KeepAliveAsync(CancellationToken cancellationToken);

    Task FinishAsync(Completion completion, CancellationToken cancellationToken);

    /// <summary>An error inside a response of status 200; nothing follows it.</summary>
    Task FailAsync(JsonObject error, CancellationToken cancellationToken);
}
