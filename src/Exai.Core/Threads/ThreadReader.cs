using Exai.Core.Storage;
using Exai.Protocol;

namespace Exai.Core.Threads;

/// <summary>Opens a conversation to go on with, or says why that cannot be; never begins a new one in its place.</summary>
public sealed class ThreadReader(IThreadStore store, TimeSpan lifetime, int mostTurns, TimeProvider time)
{
    /// <exception cref="CallException">THREAD_NOT_FOUND: unknown, expired or full.</exception>
    public async ValueTask<ConversationThread?> OpenAsync(string threadId, CancellationToken cancellationToken)
    {
        var thread = await store.FindAsync(threadId, cancellationToken)
            ?? throw NotFound($"There is no thread '{threadId}'. Leave continuation_id out to begin a new one, and say again what the model must know.");
        if (time.GetUtcNow() - thread.UpdatedAt > lifetime)
        {
            throw NotFound(
                $"Thread {threadId} expired {lifetime.TotalHours:0.#} h after its last turn (CONVERSATION_TIMEOUT_HOURS). " +
                "Leave continuation_id out to begin a new one, and say again what the model must know.");
        }

        if (thread.Turns.Count >= mostTurns)
        {
            throw NotFound(
                $"Thread {threadId} has {thread.Turns.Count} turns, the most that MAX_CONVERSATION_TURNS allows. " +
                "Leave continuation_id out to begin a new one, with a summary of this one.");
        }

        return thread;
    }

    private static CallException NotFound(string message) => new(ErrorCodes.ThreadNotFound, message);
}
