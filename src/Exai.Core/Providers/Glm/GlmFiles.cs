using Exai.Core.Providers.Services;
using Exai.Core.Storage;

namespace Exai.Core.Providers.Glm;

/// <summary>GLM's files. Their content cannot be had back; documents are read by its parser, which keeps nothing.</summary>
internal sealed class GlmFiles(ProviderApi api, IProviderFileIndex index) : IProviderFiles
{
    private static readonly FilePurpose[] Known =
    [
        new("batch", FilePurpose.Megabytes(100), [".jsonl"]),
        new("code-interpreter", FilePurpose.Megabytes(20)) { MaxImageBytes = FilePurpose.Megabytes(5) },
        new("agent", FilePurpose.Megabytes(20), [".pdf", ".docx", ".doc", ".xls", ".xlsx", ".txt", ".png", ".jpg", ".jpeg", ".csv"]),
        new("voice-clone-input", FilePurpose.Megabytes(100)),
    ];

    private static readonly FilePurpose Parsed = new("parsing", FilePurpose.Megabytes(100));

    private readonly FileUploads _uploads = new(api, index, _ => null);
    private readonly GlmFileParser _parser = new(api);

    public IReadOnlyList<string> Purposes { get; } = [.. Known.Select(purpose => purpose.Name)];

    public Task<ProviderFile> UploadAsync(FileUpload file, string purpose, CancellationToken cancellationToken = default)
    {
        FilePurpose.Find(Known, purpose, api.Endpoint.Name).Check(file, api.Endpoint.Name);
        return _uploads.UploadAsync(file, purpose, token => ListAsync(purpose, token), cancellationToken);
    }

    /// <summary>The provider lists one purpose at a time; all files are one request for each.</summary>
    public async Task<IReadOnlyList<ProviderFile>> ListAsync(string? purpose = null, CancellationToken cancellationToken = default)
    {
        var files = new List<ProviderFile>();
        foreach (var name in purpose is null ? Purposes : [FilePurpose.Find(Known, purpose, api.Endpoint.Name).Name])
        {
            var items = await FileListing.ReadAsync(api, $"purpose={name}&order=created_at", cancellationToken);
            files.AddRange(items.Select(_uploads.Read));
        }

        return files;
    }

    public async Task DeleteAsync(string fileId, CancellationToken cancellationToken = default)
    {
        var request = new ApiRequest(HttpMethod.Delete, api.Url($"files/{Uri.EscapeDataString(fileId)}"), "the deletion of a file") { FileId = fileId };
        try
        {
            await api.TextAsync(request, cancellationToken);
        }
        finally
        {
            // Whatever came of it, the file is not to be counted on.
            await _uploads.ForgetAsync(fileId);
        }
    }

    public Task<string> ReadTextAsync(FileUpload file, CancellationToken cancellationToken = default)
    {
        Parsed.Check(file, api.Endpoint.Name);
        return _parser.ReadAsync(file, cancellationToken);
    }
}
