namespace Exai.Core.Storage;

/// <summary>Who still needs which blob.</summary>
public interface IBlobReferences
{
    /// <summary>The hashes that calls in the journal name, and threads that can be continued.</summary>
    /// <param name="threadsSince">A thread whose last turn is older has ended.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    ValueTask<IReadOnlySet<string>> FindAsync(DateTimeOffset threadsSince, CancellationToken cancellationToken);
}
