using Exai.Core.Calls;
using Exai.Protocol;

namespace Exai.Core.Tools.Jobs;

/// <summary>
/// The call that a <c>job_id</c> names. One whose daemon is dead is taken over by being looked for. To the user of a named token the calls of others
/// are not there.
/// </summary>
public sealed class JobFinder(Func<CallService> calls, TimeProvider time)
{
    /// <summary>A shim sends a call that it kept and the question for its result almost at once; either may be first here.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <exception cref="CallException">INVALID_ARGUMENT: it is missing, no job id, or no call has it.</exception>
    public Task<CallAttachment> FindAsync(ToolArguments arguments, CancellationToken cancellationToken) =>
        JoinAsync(arguments, callId => calls().ClaimAsync(callId, arguments.Token, cancellationToken), cancellationToken);

    /// <summary>The same, and ends it: <see cref="CallService.CancelAsync"/>.</summary>
    /// <inheritdoc cref="FindAsync"/>
    public Task<CallAttachment> CancelAsync(ToolArguments arguments, CancellationToken cancellationToken) =>
        JoinAsync(arguments, callId => calls().CancelAsync(callId, arguments.Token, cancellationToken), cancellationToken);

    private async Task<CallAttachment> JoinAsync(ToolArguments arguments, Func<string, Task<CallAttachment?>> joinAsync, CancellationToken cancellationToken)
    {
        var given = arguments.RequiredText("job_id", 100).Trim();
        if (!CallId.TryParse(given, out var callId))
        {
            throw new CallException(ErrorCodes.InvalidArgument, $"'job_id' was '{given}', which is no job id. {JobTools.List} shows the ids of recent calls.");
        }

        var started = time.GetTimestamp();
        while (true)
        {
            if (await joinAsync(callId) is { } job)
            {
                return job;
            }

            if (time.GetElapsedTime(started) >= Patience)
            {
                throw new CallException(
                    ErrorCodes.InvalidArgument,
                    $"No call {callId} is known here. Either it was never accepted by a daemon (its own session then still tries), or it ended longer ago than " +
                    $"EXAI_RESULT_TTL_HOURS. {JobTools.List} shows recent calls; otherwise ask again.");
            }

            await Task.Delay(Poll, time, cancellationToken);
        }
    }
}
