using Exai.Core.Calls;
using Exai.Protocol;

namespace Exai.Core.Tools.Jobs;

/// <summary>Ends a call at the provider without the grace that a client's own cancel gets: here somebody means it.</summary>
internal sealed class JobCancelTool(JobFinder jobs, TimeProvider time) : IRecomputedTool
{
    /// <summary>A provider is left within moments; a call in another daemon's hands takes until that daemon looks.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find(JobTools.Cancel)!;

    public async Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        using var job = await jobs.CancelAsync(arguments, cancellationToken);
        await Waiting.ForAsync(job.Outcome, Patience, time, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        if (!job.Outcome.IsCompleted)
        {
            return $"Job {job.CallId} is being cancelled; it has not ended yet.";
        }

        var outcome = await job.Outcome;
        return outcome.State == CallState.Cancelled
            ? $"Job {job.CallId} is cancelled."
            : $"Job {job.CallId} had ended before ({outcome.State.ToString().ToLowerInvariant()}); {JobTools.Result} brings what it came to.";
    }
}
