using System.Text.Json;
using Exai.Core.Providers.Services;
using Exai.Core.Storage;

namespace Exai.Core.Providers.Kimi;

/// <summary>Kimi's files: documents are read by uploading them for extraction, images and videos are referred to by <c>ms://</c>.</summary>
internal sealed class KimiFiles : IProviderFiles
{
    private const string Extract = "file-extract";

    private static readonly FilePurpose[] Known =
    [
        new(Extract, FilePurpose.Megabytes(100)),
        new("image", FilePurpose.Megabytes(100)),
        new("video", FilePurpose.Megabytes(100)),
        new("batch", FilePurpose.Megabytes(100), [".jsonl"]),
    ];

    private readonly ProviderApi _api;
    private readonly FileUploads _uploads;

    public KimiFiles(ProviderApi api, IProviderFileIndex index)
    {
        _api = api;
        _uploads = new FileUploads(api, index, file => file.Purpose is "image" or "video" ? new Uri("ms://" + file.Id) : null);
    }

    public IReadOnlyList<string> Purposes { get; } = [.. Known.Select(purpose => purpose.Name)];

    public Task<ProviderFile> UploadAsync(FileUpload file, string purpose, CancellationToken cancellationToken = default)
    {
        FilePurpose.Find(Known, purpose, _api.Endpoint.Name).Check(file, _api.Endpoint.Name);
        return _uploads.UploadAsync(file, purpose, token => ListAsync(purpose, token), cancellationToken);
    }

    public async Task<IReadOnlyList<ProviderFile>> ListAsync(string? purpose = null, CancellationToken cancellationToken = default)
    {
        if (purpose is not null)
            FilePurpose.Find(Known, purpose, _api.Endpoint.Name);
        var items = await FileListing.ReadAsync(_api, "", cancellationToken);
        return [.. items.Select(_uploads.Read).Where(file => purpose is null || file.Purpose == purpose)];
    }

    public async Task DeleteAsync(string fileId, CancellationToken cancellationToken = default)
    {
        var request = new ApiRequest(HttpMethod.Delete, FileUrl(fileId, ""), "the deletion of a file") { FileId = fileId };
        try
        {
            await _api.TextAsync(request, cancellationToken);
        }
        finally
        {
            // Whatever came of it, the file is not to be counted on.
            await _uploads.ForgetAsync(fileId);
        }
    }

    public async Task<string> ReadTextAsync(FileUpload file, CancellationToken cancellationToken = default)
    {
        var uploaded = await UploadAsync(file, Extract, cancellationToken);
        try
        {
            return await ContentAsync(uploaded.Id, cancellationToken);
        }
        catch (ProviderException gone) when (gone.HttpStatus == 404 && uploaded.WasThere)
        {
            // Somebody deleted it behind the index; that it is not there is certain, so sending it is no repetition.
            await _uploads.ForgetAsync(uploaded.Id);
            uploaded = await UploadAsync(file, Extract, cancellationToken);
            return await ContentAsync(uploaded.Id, cancellationToken);
        }
    }

    /// <summary>The text of a file that was uploaded for extraction; FILE_NOT_FOUND if there is none of that id.</summary>
    public Task<string> ReadStoredAsync(string fileId, CancellationToken cancellationToken) => ContentAsync(fileId, cancellationToken);

    private async Task<string> ContentAsync(string fileId, CancellationToken cancellationToken)
    {
        var request = new ApiRequest(HttpMethod.Get, FileUrl(fileId, "/content"), "the text of a file") { FileId = fileId, Limit = TimeSpan.FromMinutes(2) };
        return Content(await _api.TextAsync(request, cancellationToken));
    }

    /// <summary>The documents promise plain text; what comes is mostly JSON that holds it. A JSON file's own text is left alone.</summary>
    private static string Content(string body)
    {
        if (body.AsSpan().TrimStart() is not ['{', ..])
            return body;
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            return root.Text("content") is { } content && (root.Text("filename") ?? root.Text("file_type")) is not null ? content : body;
        }
        catch (JsonException)
        {
            return body;
        }
    }

    private Uri FileUrl(string fileId, string rest) => _api.Url($"files/{Uri.EscapeDataString(fileId)}{rest}");
}
