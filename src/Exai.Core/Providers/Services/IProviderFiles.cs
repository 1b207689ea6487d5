namespace Exai.Core.Providers.Services;

/// <summary>
/// The files that an account keeps at its provider. From <c>IChatClient.GetService</c>; null where the provider has none. Failures are
/// <see cref="ProviderException"/>, except what is wrong with the input: <see cref="Protocol.CallException"/>, before anything is sent.
/// Thread-safe.
/// </summary>
public interface IProviderFiles
{
    /// <summary>What a file may be uploaded for, by the provider's names.</summary>
    IReadOnlyList<string> Purposes { get; }

    /// <summary>
    /// Uploads a file, or finds the one of equal content that this account has uploaded for the same purpose. Never sends it twice by
    /// itself: an upload whose outcome nobody knows fails, and the next one first looks whether the file arrived.
    /// </summary>
    Task<ProviderFile> UploadAsync(FileUpload file, string purpose, CancellationToken cancellationToken = default);

    /// <summary>The account's files, all of one purpose or all.</summary>
    Task<IReadOnlyList<ProviderFile>> ListAsync(string? purpose = null, CancellationToken cancellationToken = default);

    /// <summary>FILE_NOT_FOUND if there is none of that id.</summary>
    Task DeleteAsync(string fileId, CancellationToken cancellationToken = default);

    /// <summary>The text in a document, as the provider reads it: office files, PDF, images, sources.</summary>
    Task<string> ReadTextAsync(FileUpload file, CancellationToken cancellationToken = default);
}

/// <summary>A file to send.</summary>
/// <param name="Name">With its extension, which tells the provider what it is; folders before it are cut off.</param>
public sealed record FileUpload(string Name, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Null sends it as plain bytes.</summary>
    public string? MediaType { get; init; }

    public override string ToString() => $"{Name}, {Bytes.Length} bytes";
}

/// <summary>A file at the provider.</summary>
/// <param name="Bytes">Its size; null where the provider does not tell.</param>
public sealed record ProviderFile(string Id, string Name, string Purpose, long? Bytes, DateTimeOffset? CreatedAt)
{
    /// <summary>What a message refers to it by, such as <c>ms://id</c> for an image; null when messages cannot.</summary>
    public Uri? Reference { get; init; }

    /// <summary>It was there already: nothing was sent.</summary>
    public bool WasThere { get; init; }
}
