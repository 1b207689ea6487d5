using Exai.Core.Calls;
using Exai.Core.Storage;
using Exai.Core.Threads;

namespace Exai.Core.Tests.Calls;

/// <summary>A call store that can be out of room, unreadable, or cut off from its file.</summary>
internal sealed class FaultyStore(ICallStore inner) : ICallStore
{
    /// <summary>Operations that find the disk full, by their method's name.</summary>
    public HashSet<string> Full { get; } = [];

    /// <summary>Reads that fail, by their method's name.</summary>
    public HashSet<string> Unreadable { get; } = [];

    /// <summary>The process is gone: nothing is written any more.</summary>
    public bool Killed { get; set; }

    /// <summary>Happens when a step has been saved, before the call hears of it.</summary>
    public Action? StepSaved { get; set; }

    /// <summary>Awaited before each write: time in which anything else may happen.</summary>
    public Func<Task> Pause { get; set; } = () => Task.CompletedTask;

    /// <summary>Hears of each step that was really saved.</summary>
    public Action<CallRecord>? StepSavedFor { get; set; }

    public ValueTask<CallRecord?> FindAsync(string callId, CancellationToken cancellationToken)
    {
        Read(nameof(FindAsync));
        return inner.FindAsync(callId, cancellationToken);
    }

    public async ValueTask<(CallRecord Record, bool Accepted)> AcceptAsync(NewCall call, CallOwner owner, CancellationToken cancellationToken)
    {
        await WriteAsync(nameof(AcceptAsync));
        return await inner.AcceptAsync(call, owner, cancellationToken);
    }

    public async ValueTask<CallRecord?> TakeOverAsync(CallRecord seen, CallOwner owner, CancellationToken cancellationToken)
    {
        await WriteAsync(nameof(TakeOverAsync));
        return await inner.TakeOverAsync(seen, owner, cancellationToken);
    }

    public async ValueTask<bool> FinishAsync(CallRecord run, CallOutcome outcome, Turn? turn, CancellationToken cancellationToken)
    {
        await WriteAsync(nameof(FinishAsync));
        return await inner.FinishAsync(run, outcome, turn, cancellationToken);
    }

    public async ValueTask<IReadOnlyDictionary<string, int>> RenewLeasesAsync(CallOwner owner, CancellationToken cancellationToken)
    {
        await WriteAsync(nameof(RenewLeasesAsync));
        return await inner.RenewLeasesAsync(owner, cancellationToken);
    }

    public async ValueTask RequestCancelAsync(string callId, CancellationToken cancellationToken)
    {
        await WriteAsync(nameof(RequestCancelAsync));
        await inner.RequestCancelAsync(callId, cancellationToken);
    }

    public ValueTask<IReadOnlyList<string>> FindToCancelAsync(CallOwner owner, CancellationToken cancellationToken)
    {
        Read(nameof(FindToCancelAsync));
        return inner.FindToCancelAsync(owner, cancellationToken);
    }

    public ValueTask<IReadOnlyList<OwnerLease>> FindOwnersElsewhereAsync(CallOwner owner, CancellationToken cancellationToken)
    {
        Read(nameof(FindOwnersElsewhereAsync));
        return inner.FindOwnersElsewhereAsync(owner, cancellationToken);
    }

    public ValueTask<IReadOnlyList<CallRecord>> FindOwnedAsync(CallOwner owner, CancellationToken cancellationToken)
    {
        Read(nameof(FindOwnedAsync));
        return inner.FindOwnedAsync(owner, cancellationToken);
    }

    public ValueTask<IReadOnlyList<CallSummary>> ListAsync(int most, string? token, CancellationToken cancellationToken)
    {
        Read(nameof(ListAsync));
        return inner.ListAsync(most, token, cancellationToken);
    }

    public ValueTask<CallRecord?> FindPredecessorAsync(CallRecord call, CancellationToken cancellationToken)
    {
        Read(nameof(FindPredecessorAsync));
        return inner.FindPredecessorAsync(call, cancellationToken);
    }

    public ValueTask<IReadOnlyDictionary<string, ModelAnswerStep>> FindStepsAsync(string callId, CancellationToken cancellationToken)
    {
        Read(nameof(FindStepsAsync));
        return inner.FindStepsAsync(callId, cancellationToken);
    }

    public async ValueTask<bool> SaveStepAsync(CallRecord run, ModelAnswerStep step, CancellationToken cancellationToken)
    {
        await WriteAsync(nameof(SaveStepAsync));
        var saved = await inner.SaveStepAsync(run, step, cancellationToken);
        StepSaved?.Invoke();
        if (saved)
        {
            StepSavedFor?.Invoke(run);
        }

        return saved;
    }

    public async ValueTask<int> ForgetFinishedAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await WriteAsync(nameof(ForgetFinishedAsync));
        return await inner.ForgetFinishedAsync(before, cancellationToken);
    }

    private void Read(string operation)
    {
        if (Unreadable.Contains(operation))
        {
            throw new StoreException("The store cannot be read: disk I/O error", full: false);
        }
    }

    private async Task WriteAsync(string operation)
    {
        await Pause();
        if (Killed)
        {
            throw new StoreException("This process is dead.", full: false);
        }

        if (Full.Contains(operation))
        {
            throw new StoreException("The store cannot be written: database or disk is full", full: true);
        }
    }
}
