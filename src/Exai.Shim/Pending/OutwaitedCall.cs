using System.Text.Json.Nodes;
using Exai.Protocol;

namespace Exai.Shim.Pending;

/// <summary>The answer to a call that lasts longer than its client waits.</summary>
internal static class OutwaitedCall
{
    /// <summary>Time to get the word to the client, for a wait that the daemon keeps too.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    /// <summary>How long the client may be kept waiting for it.</summary>
    public static TimeSpan Patience(PendingRequest call, string? clientName, TimeSpan? setting)
    {
        var patience = ClientWaits.For(clientName, setting);
        return call.WaitAsked + Margin is { } asked && asked < patience ? asked : patience;
    }

    /// <param name="waiting">Why no daemon works on it, for people; null when one does.</param>
    /// <param name="accepted">Whether a daemon may know the call, or the job that it asks for.</param>
    public static JsonObject Answer(PendingRequest call, TimeSpan waited, string? waiting, bool accepted, TimeSpan callLimit)
    {
        if (call.Shape!.JobId is null && ToolCatalogue.IsRecomputed(call.Shape.Tool))
        {
            return ToolResults.Failure(new CallError
            {
                Code = ErrorCodes.DaemonUnavailable,
                CallId = call.CallId,
                Message = $"No daemon answered within {waited.TotalSeconds:0} s{(waiting is null ? "" : $" ({waiting})")}. Nothing was lost: call {call.Shape.Tool} again, or run 'exai doctor'.",
            });
        }

        var state = accepted
            ? waiting is null ? $"After {waited.TotalSeconds:0} s: {call.LastNote ?? "a daemon works on it"}." : $"No daemon works on it at this moment ({waiting}); the next one goes on with it."
            : $"No daemon has accepted it yet ({waiting ?? "waiting for the daemon"}); it is sent to the first one that comes, for up to {callLimit.TotalSeconds:0} s.";
        return ToolResults.Running(call.Shape.JobId ?? call.CallId!, state, accepted);
    }
}
