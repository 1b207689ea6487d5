using Exai.Core.Calls;
using Exai.Core.Threads;

namespace Exai.Core.Storage;

/// <summary>
/// The call journal. Async and keyed by owner, so that several daemons can share one. A write has happened when its task
/// completes; a write by an owner that has lost its call changes nothing and says so.
/// </summary>
public interface ICallStore
{
    ValueTask<CallRecord?> FindAsync(string callId, CancellationToken cancellationToken);

    /// <summary>Journals a call that is unknown so far and gives it its place in its thread; otherwise returns the one that is there.</summary>
    /// <exception cref="Exai.Protocol.CallException">
    /// OVER_CAPACITY, RATE_LIMITED: a limit of the call's token is reached. THREAD_NOT_FOUND: the thread is not that token's. Nothing was journaled.
    /// </exception>
    ValueTask<(CallRecord Record, bool Accepted)> AcceptAsync(NewCall call, CallOwner owner, CancellationToken cancellationToken);

    /// <summary>Makes <paramref name="owner"/> the owner and begins the next run; null when the call is no longer as <paramref name="seen"/>.</summary>
    ValueTask<CallRecord?> TakeOverAsync(CallRecord seen, CallOwner owner, CancellationToken cancellationToken);

    /// <summary>Writes the outcome, and the thread's turn with it; false when another run owns the call or it has an outcome.</summary>
    ValueTask<bool> FinishAsync(CallRecord run, CallOutcome outcome, Turn? turn, CancellationToken cancellationToken);

    /// <summary>Extends the leases of all calls that the owner runs.</summary>
    /// <returns>Which these are, and the number of the run.</returns>
    ValueTask<IReadOnlyDictionary<string, int>> RenewLeasesAsync(CallOwner owner, CancellationToken cancellationToken);

    /// <summary>
    /// Asks whoever owns the call, now or later, to cancel it. It changes nothing when the call has an outcome.
    /// </summary>
    ValueTask RequestCancelAsync(string callId, CancellationToken cancellationToken);

    /// <summary>The owner's unfinished calls that somebody else asked to cancel.</summary>
    ValueTask<IReadOnlyList<string>> FindToCancelAsync(CallOwner owner, CancellationToken cancellationToken);

    /// <summary>The other owners of unfinished calls, each with the latest end of a lease on one of them.</summary>
    ValueTask<IReadOnlyList<OwnerLease>> FindOwnersElsewhereAsync(CallOwner owner, CancellationToken cancellationToken);

    /// <summary>The unfinished calls of an owner.</summary>
    ValueTask<IReadOnlyList<CallRecord>> FindOwnedAsync(CallOwner owner, CancellationToken cancellationToken);

    /// <summary>The calls that were made last, newest first, without their outcomes' texts.</summary>
    /// <param name="token">Only those of this named token; null for all.</param>
    ValueTask<IReadOnlyList<CallSummary>> ListAsync(int most, string? token, CancellationToken cancellationToken);

    /// <summary>The unfinished call that is next before this one on its thread; null when it is this one's turn.</summary>
    ValueTask<CallRecord?> FindPredecessorAsync(CallRecord call, CancellationToken cancellationToken);

    ValueTask<IReadOnlyDictionary<string, ModelAnswerStep>> FindStepsAsync(string callId, CancellationToken cancellationToken);

    /// <summary>Keeps a model's answer; false when another run owns the call.</summary>
    ValueTask<bool> SaveStepAsync(CallRecord run, ModelAnswerStep step, CancellationToken cancellationToken);

    /// <summary>Forgets finished calls older than the time given, and their steps; the number forgotten.</summary>
    ValueTask<int> ForgetFinishedAsync(DateTimeOffset before, CancellationToken cancellationToken);
}

/// <summary>Conversations. Turns are written only together with the outcome of their call (<see cref="ICallStore.FinishAsync"/>).</summary>
public interface IThreadStore
{
    /// <summary>The thread with all its turns, oldest first; null when there is none.</summary>
    ValueTask<ConversationThread?> FindAsync(string threadId, CancellationToken cancellationToken);

    /// <summary>The threads that went on last, newest first.</summary>
    /// <param name="text">Only those in which a question or an answer holds it, case ignored; null for all.</param>
    ValueTask<IReadOnlyList<ThreadSummary>> ListAsync(string? text, int most, CancellationToken cancellationToken);

    /// <summary>Forgets a thread with its turns and its finished calls; false when there is none, or when a call on it is still running.</summary>
    ValueTask<bool> DeleteAsync(string threadId, CancellationToken cancellationToken);

    /// <summary>Forgets threads whose last turn is older than the time given; the number forgotten.</summary>
    ValueTask<int> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken);
}

/// <summary>Until when an owner has said that it lives, by its own clock.</summary>
public sealed record OwnerLease(CallOwner Owner, DateTimeOffset LeaseUntil);
