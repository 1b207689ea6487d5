using Exai.Core.Models;
using Exai.Core.Storage;

namespace Exai.Core.Tests.Calls;

/// <summary>A ledger whose process can die: what is not written by then never is.</summary>
internal sealed class FaultyLedger(IAttemptLedger inner, Func<bool> killed) : IAttemptLedger
{
    public ValueTask SaveAsync(AttemptRecord attempt, CancellationToken cancellationToken) => killed()
        ? throw new StoreException("This process is dead.", full: false)
        : inner.SaveAsync(attempt, cancellationToken);

    public ValueTask<IReadOnlyList<AttemptRecord>> FindAsync(string callId, CancellationToken cancellationToken) => inner.FindAsync(callId, cancellationToken);

    public ValueTask<int> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken) => inner.ForgetAsync(before, cancellationToken);
}
