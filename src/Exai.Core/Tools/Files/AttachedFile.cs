namespace Exai.Core.Tools.Files;

/// <summary>
/// One file that a call's arguments name, as it was found on the client's machine: what it holds, by hash, or why it could not be read. Journaled
/// with the call, so that a later run needs nothing from the client.
/// </summary>
/// <param name="Argument">The argument that names it.</param>
/// <param name="Path">As the client knows it.</param>
public sealed record AttachedFile(string Argument, string Path)
{
    /// <summary>Of its bytes; null when there is an error.</summary>
    public string? Sha256 { get; init; }

    public long Bytes { get; init; }

    public string? MediaType { get; init; }

    /// <summary>An error code of the contract: FILE_NOT_FOUND, FILE_DENIED, FILE_TOO_LARGE. Null when it was read.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>Why it could not be read, for people.</summary>
    public string? Error { get; init; }
}

/// <summary>A version of a file that a thread has seen.</summary>
public sealed record FileReference(string Path, string Sha256)
{
    public string? MediaType { get; init; }
}

/// <summary>Where the bytes of attached files are kept, by their hash.</summary>
public interface IFileContents
{
    /// <summary>Null when they are not, or no longer, there.</summary>
    ValueTask<ReadOnlyMemory<byte>?> FindAsync(string sha256, CancellationToken cancellationToken);
}

/// <summary>Nobody sends files here.</summary>
public sealed class NoFileContents : IFileContents
{
    public ValueTask<ReadOnlyMemory<byte>?> FindAsync(string sha256, CancellationToken cancellationToken) =>
        ValueTask.FromResult<ReadOnlyMemory<byte>?>(null);
}
