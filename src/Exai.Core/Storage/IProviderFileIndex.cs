namespace Exai.Core.Storage;

/// <summary>
/// Which contents an account has uploaded, so that none is sent twice. An entry is written before its upload begins and gets the file's id
/// when that ends well: one without an id is an upload of which nobody knows whether it arrived. Never holds contents or keys.
/// </summary>
public interface IProviderFileIndex
{
    ValueTask<IndexedFile?> FindAsync(FileKey key, CancellationToken cancellationToken);

    /// <summary>Writes the entry, in place of an earlier one of the same key.</summary>
    ValueTask SaveAsync(IndexedFile file, CancellationToken cancellationToken);

    ValueTask ForgetAsync(FileKey key, CancellationToken cancellationToken);

    /// <summary>Forgets whatever entry has the provider's file id.</summary>
    ValueTask ForgetFileAsync(string account, string fileId, CancellationToken cancellationToken);
}

/// <param name="Account">A name for address and key together that tells neither.</param>
/// <param name="Sha256">Of the content, lower-case hexadecimal.</param>
public sealed record FileKey(string Account, string Purpose, string Sha256);

/// <param name="FileId">The provider's; null while the outcome of the upload is unknown.</param>
/// <param name="At">When the upload began.</param>
public sealed record IndexedFile(FileKey Key, string Name, long Bytes, string? FileId, DateTimeOffset At);
