using System.Text.Json.Nodes;
using Exai.Core.Calls;
using Exai.Protocol;

namespace Exai.Core.Tools.Jobs;

/// <summary>
/// Another call's result, when it has one; otherwise the word that it runs on. Whoever has its token, or is the owner, may claim it, and as
/// often as they like. It waits within its client's patience, and leaving it does nothing to the job.
/// </summary>
public sealed class JobResultTool(JobFinder jobs, TimeSpan? clientWait, TimeProvider time)
{
    private static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>What the way back to the client may take.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(3);

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find(JobTools.Result)!;

    /// <exception cref="CallException">INVALID_ARGUMENT: no such job.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled, or the daemon stops before there is a result.</exception>
    public async Task<JsonObject> AnswerAsync(CallRequest request, CallWatch watch, CancellationToken cancellationToken)
    {
        var arguments = new ToolArguments(request.Tool, request.Arguments) { Token = request.Token };
        arguments.Check(Descriptor);
        var wait = Wait(arguments.OptionalNumber("wait_seconds", 0, LongestWait.TotalSeconds), request.ClientName);
        using var job = await jobs.FindAsync(arguments, cancellationToken);
        watch.Progress = () => job.Progress;
        await Waiting.ForAsync(job.Outcome, wait, time, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return job.Outcome.IsCompleted
            ? (await job.Outcome).ToResult(job.How)
            : ToolResults.Running(job.CallId, $"Now: {job.Progress}.", accepted: true);
    }

    private TimeSpan Wait(double? asked, string? clientName)
    {
        var wait = asked is { } seconds ? TimeSpan.FromSeconds(seconds) : DefaultWait;
        var patience = ClientWaits.For(clientName, clientWait);
        var most = patience > 2 * Margin ? patience - Margin : patience / 2;
        return wait < most ? wait : most;
    }
}
