using System.Text;
using Exai.Core.Storage;
using Exai.Protocol;

namespace Exai.Core.Threads;

/// <summary>Opens a conversation to go on with, or says why that cannot be; never begins a new one in its place.</summary>
public sealed class ThreadReader(IThreadStore store, TimeSpan lifetime, int mostTurns, TimeProvider time)
{
    /// <summary>Bytes of all questions and answers: they are read and written as one with each turn.</summary>
    public const int MostBytes = 8 * 1024 * 1024;

    /// <param name="token">The named token that wants to go on with it; null for the owner, who may go on with any.</param>
    /// <exception cref="CallException">THREAD_NOT_FOUND: unknown, another token's, expired or full.</exception>
    public async ValueTask<ConversationThread?> OpenAsync(string threadId, string? token, CancellationToken cancellationToken)
    {
        var thread = await store.FindAsync(threadId, cancellationToken);
        if (thread is null || (token is not null && thread.Token != token))
        {
            throw new CallException(Unknown(threadId));
        }

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

        var bytes = thread.Turns.Sum(turn => (long)Encoding.UTF8.GetByteCount(turn.Question) + Encoding.UTF8.GetByteCount(turn.Answer) + Encoding.UTF8.GetByteCount(turn.State ?? ""));
        if (bytes >= MostBytes)
        {
            throw NotFound(
                $"Thread {threadId} holds {bytes / (1024 * 1024d):0.0} MB of text; one that holds {MostBytes / (1024 * 1024)} MB takes no further turn. " +
                "Leave continuation_id out to begin a new one, with a summary of this one.");
        }

        return thread;
    }

    /// <summary>What is said of a thread that is not there for whoever asks.</summary>
    internal static CallError Unknown(string threadId) => new()
    {
        Code = ErrorCodes.ThreadNotFound,
        Message = $"There is no thread '{threadId}'. Leave continuation_id out to begin a new one, and say again what the model must know.",
    };

    private static CallException NotFound(string message) => new(ErrorCodes.ThreadNotFound, message);
}
