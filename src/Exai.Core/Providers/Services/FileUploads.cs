using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Exai.Core.Storage;

namespace Exai.Core.Providers.Services;

/// <summary>
/// Uploads that are never repeated blindly:
/// <list type="number">
/// <item>a content that the index knows is there already;</item>
/// <item>one whose upload was begun and never told its outcome is looked for at the provider;</item>
/// <item>the intent is indexed, the file sent, its id indexed.</item>
/// </list>
/// Equal contents wait for each other, so that one request is made. Thread-safe.
/// </summary>
/// <param name="refer">What messages refer to a file by; null when they cannot.</param>
internal sealed class FileUploads(ProviderApi api, IProviderFileIndex index, Func<ProviderFile, Uri?> refer)
{
    /// <summary>The provider's clock may be behind ours.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>For the largest file that any provider takes, over a slow line.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly KeyedLocks _locks = new();
    private readonly string _account = Account(api.Endpoint);

    /// <param name="list">All files of the purpose.</param>
    public async Task<ProviderFile> UploadAsync(
        FileUpload file, string purpose, Func<CancellationToken, Task<IReadOnlyList<ProviderFile>>> list, CancellationToken cancellationToken)
    {
        var key = new FileKey(_account, purpose, UploadBody.Sha256(file));
        using var held = await _locks.EnterAsync(key, cancellationToken);

        // 1. Known.
        var known = await index.FindAsync(key, cancellationToken);
        if (known is { FileId: { } id })
            return Referred(new ProviderFile(id, known.Name, purpose, known.Bytes, known.At) { WasThere = true });

        // 2. Begun and never heard of again.
        if (known is not null && Arrived(known, await list(cancellationToken)) is { } arrived)
        {
            await index.SaveAsync(known with { FileId = arrived.Id }, cancellationToken);
            return arrived with { WasThere = true };
        }

        // 3. Sent.
        var intent = new IndexedFile(key, UploadBody.BareName(file.Name), file.Bytes.Length, FileId: null, api.Time.GetUtcNow());
        await index.SaveAsync(intent, cancellationToken);
        var sent = Read(await SendAsync(file, purpose, key, cancellationToken));
        await index.SaveAsync(intent with { FileId = sent.Id }, CancellationToken.None);
        return sent;
    }

    /// <summary>A file object, in the shape that the providers share.</summary>
    public ProviderFile Read(JsonElement file) => Referred(new ProviderFile(
        file.Text("id") ?? "", file.Text("filename") ?? "", file.Text("purpose") ?? "", file.Number("bytes"), UnixTime.Read(file, "created_at")));

    /// <summary>The provider no longer has it.</summary>
    public ValueTask ForgetAsync(string fileId) => index.ForgetFileAsync(_account, fileId, CancellationToken.None);

    private async Task<JsonElement> SendAsync(FileUpload file, string purpose, FileKey key, CancellationToken cancellationToken)
    {
        var request = new ApiRequest(HttpMethod.Post, api.Url("files"), "the upload of a file")
        {
            Content = UploadBody.Create(file, ("purpose", purpose)),
            Limit = Limit,
            HasEffect = true,
        };
        try
        {
            var answer = await api.JsonAsync(request, cancellationToken);
            if (answer.Text("id") is { Length: > 0 })
                return answer;
            var failures = api.Failures(request);
            throw failures.OutcomeUnknown(failures.Unreadable("without the file's id", cause: null));
        }
        catch (ProviderException failure) when (!failure.OutcomeUnknown)
        {
            // Refused or never arrived: nothing is left to look for.
            await index.ForgetAsync(key, CancellationToken.None);
            throw;
        }
    }

    private static ProviderFile? Arrived(IndexedFile intent, IReadOnlyList<ProviderFile> files) => files
        .Where(file => file.Name == intent.Name && file.Bytes == intent.Bytes && (file.CreatedAt is not { } at || at >= intent.At - ClockSkew))
        .MaxBy(file => file.CreatedAt);

    private ProviderFile Referred(ProviderFile file) => file with { Reference = refer(file) };

    /// <summary>Address and key together, told by neither.</summary>
    private static string Account(ProviderEndpoint endpoint) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{endpoint.BaseUrl.Host}\n{endpoint.ApiKey?.Trim()}")))[..32];
}
