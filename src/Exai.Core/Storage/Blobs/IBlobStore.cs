using Exai.Core.Tools.Files;

namespace Exai.Core.Storage.Blobs;

/// <summary>What came of a blob that was sent.</summary>
public enum BlobWrite
{
    Stored,

    /// <summary>It was there already; the bytes that came were not looked at.</summary>
    Known,

    /// <summary>The bytes have another hash.</summary>
    WrongHash,

    TooLarge,
}

/// <summary>The bytes of files that calls name, each content once, under its hash. Whole or not there. Thread-safe; several daemons may share it.</summary>
public interface IBlobStore : IFileContents
{
    /// <summary>Whether it is there. Then it also stays for as long as the call that names it needs to come.</summary>
    /// <exception cref="StoreException">The store cannot be asked.</exception>
    ValueTask<bool> HasAsync(string sha256, CancellationToken cancellationToken);

    /// <summary>Keeps what comes, if it is what its name says.</summary>
    /// <param name="content">Read once, in pieces.</param>
    /// <exception cref="StoreException">There is no room, or the store cannot be written.</exception>
    Task<BlobWrite> WriteAsync(string sha256, Stream content, CancellationToken cancellationToken);

    /// <summary>Removes what nobody refers to any more.</summary>
    /// <param name="referred">The hashes that somebody refers to.</param>
    /// <param name="before">Younger ones stay: the call that names them may be on its way.</param>
    /// <returns>How many were removed.</returns>
    ValueTask<int> SweepAsync(IReadOnlySet<string> referred, DateTimeOffset before, CancellationToken cancellationToken);
}
