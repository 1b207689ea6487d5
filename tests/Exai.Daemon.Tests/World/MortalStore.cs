using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Storage;
using Exai.Core.Threads;

namespace Exai.Daemon.Tests.World;

/// <summary>
/// A daemon's way to the journal, on which it can die: just before any write, or just after it, before anybody hears of it. Tells the
/// book what was really written.
/// </summary>
internal sealed class MortalStore(ICallStore inner, IAttemptLedger ledger, JournalBook book, Func<Task> pause, Action die) : ICallStore, IAttemptLedger
{
    private int? _writesLeft;
    private bool _afterTheWrite;

    /// <summary>Nothing is read or written any more.</summary>
    public bool Dead { get; set; }

    /// <summary>The disk is full: nothing is written.</summary>
    public bool Full { get; set; }

    /// <summary>The process dies at one of its next writes.</summary>
    /// <param name="afterTheWrite">The write happens, and nobody hears of it.</param>
    public void DieAtWrite(int number, bool afterTheWrite) => (_writesLeft, _afterTheWrite) = (number, afterTheWrite);

    public ValueTask<CallRecord?> FindAsync(string callId, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return inner.FindAsync(callId, cancellationToken);
    }

    public async ValueTask<(CallRecord Record, bool Accepted)> AcceptAsync(NewCall call, CallOwner owner, CancellationToken cancellationToken)
    {
        var accepted = await WriteAsync(() => inner.AcceptAsync(call, owner, cancellationToken), known => book.OnAccepted(known.Record));
        return accepted;
    }

    public ValueTask<CallRecord?> TakeOverAsync(CallRecord seen, CallOwner owner, CancellationToken cancellationToken) =>
        WriteAsync(() => inner.TakeOverAsync(seen, owner, cancellationToken), mine => book.OnTakenOver(mine));

    public ValueTask<bool> FinishAsync(CallRecord run, CallOutcome outcome, Turn? turn, CancellationToken cancellationToken) =>
        WriteAsync(() => inner.FinishAsync(run, outcome, turn, cancellationToken), counts => book.OnFinished(run, outcome, counts));

    public async ValueTask<IReadOnlyDictionary<string, int>> RenewLeasesAsync(CallOwner owner, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return await inner.RenewLeasesAsync(owner, cancellationToken);
    }

    public async ValueTask RequestCancelAsync(string callId, CancellationToken cancellationToken) => await WriteAsync(
        async () =>
        {
            await inner.RequestCancelAsync(callId, cancellationToken);
            return true;
        },
        _ => { });

    public ValueTask<IReadOnlyList<string>> FindToCancelAsync(CallOwner owner, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return inner.FindToCancelAsync(owner, cancellationToken);
    }

    public ValueTask<IReadOnlyList<OwnerLease>> FindOwnersElsewhereAsync(CallOwner owner, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return inner.FindOwnersElsewhereAsync(owner, cancellationToken);
    }

    public ValueTask<IReadOnlyList<CallRecord>> FindOwnedAsync(CallOwner owner, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return inner.FindOwnedAsync(owner, cancellationToken);
    }

    public ValueTask<IReadOnlyList<CallSummary>> ListAsync(int most, string? token, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return inner.ListAsync(most, token, cancellationToken);
    }

    public ValueTask<CallRecord?> FindPredecessorAsync(CallRecord call, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return inner.FindPredecessorAsync(call, cancellationToken);
    }

    public ValueTask<IReadOnlyDictionary<string, ModelAnswerStep>> FindStepsAsync(string callId, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return inner.FindStepsAsync(callId, cancellationToken);
    }

    public ValueTask<bool> SaveStepAsync(CallRecord run, ModelAnswerStep step, CancellationToken cancellationToken) =>
        WriteAsync(() => inner.SaveStepAsync(run, step, cancellationToken), saved => book.OnStepSaved(run, saved));

    public async ValueTask<int> ForgetFinishedAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return await inner.ForgetFinishedAsync(before, cancellationToken);
    }

    public async ValueTask SaveAsync(AttemptRecord attempt, CancellationToken cancellationToken) => await WriteAsync(
        async () =>
        {
            await ledger.SaveAsync(attempt, cancellationToken);
            return true;
        },
        _ => { });

    ValueTask<IReadOnlyList<AttemptRecord>> IAttemptLedger.FindAsync(string callId, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return ledger.FindAsync(callId, cancellationToken);
    }

    public ValueTask<int> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken) => ledger.ForgetAsync(before, cancellationToken);

    private async ValueTask<T> WriteAsync<T>(Func<ValueTask<T>> write, Action<T> written)
    {
        ThrowIfDead();
        await pause();
        ThrowIfDead();
        if (Full)
        {
            throw new StoreException("The store cannot be written: database or disk is full", full: true);
        }

        var dies = _writesLeft is { } left && left <= 1;
        _writesLeft--;
        if (dies && !_afterTheWrite)
        {
            die();
            ThrowIfDead();
        }

        var file = book.File;
        var result = await write();
        if (book.File == file)
        {
            written(result);
        }

        if (dies)
        {
            die();
        }

        ThrowIfDead();
        return result;
    }

    private void ThrowIfDead()
    {
        if (Dead)
        {
            throw new StoreException("This process is dead.", full: false);
        }
    }
}
