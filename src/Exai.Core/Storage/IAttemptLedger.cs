using Exai.Core.Models;

namespace Exai.Core.Storage;

/// <summary>Every request to a model, with what it cost. Rows outlive their calls; whoever paid may want to know for what.</summary>
public interface IAttemptLedger
{
    /// <summary>Writes the attempt, in place of what was known of it. Writes happen in the order in which they are asked for.</summary>
    ValueTask SaveAsync(AttemptRecord attempt, CancellationToken cancellationToken);

    /// <summary>All attempts of a call, of all its runs, in order.</summary>
    ValueTask<IReadOnlyList<AttemptRecord>> FindAsync(string callId, CancellationToken cancellationToken);

    /// <summary>Removes the attempts that began before the time given; the number removed.</summary>
    ValueTask<int> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken);
}
