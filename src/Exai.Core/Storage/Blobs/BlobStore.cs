using System.Buffers;
using System.Security.Cryptography;
using Exai.Protocol;

namespace Exai.Core.Storage.Blobs;

/// <summary>
/// Blobs as files of their hashes' names. Whole or not there: a blob grows under another name, and one that the disk has damaged counts as gone.
/// For this user alone.
/// </summary>
/// <param name="folder">Made when the first blob comes.</param>
public sealed class BlobStore(string folder, TimeProvider time) : IBlobStore
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private string Incoming => Path.Combine(folder, "incoming");

    public ValueTask<bool> HasAsync(string sha256, CancellationToken cancellationToken) => ValueTask.FromResult(Has(sha256));

    public async Task<BlobWrite> WriteAsync(string sha256, Stream content, CancellationToken cancellationToken)
    {
        if (Has(sha256))
        {
            return BlobWrite.Known;
        }

        var growing = Path.Combine(Incoming, Guid.NewGuid().ToString("N"));
        try
        {
            EnsureFolder(Incoming);
            var (hash, bytes) = await CopyAsync(content, growing, cancellationToken);
            if (bytes > BlobContract.MostBytes || hash != sha256)
            {
                return bytes > BlobContract.MostBytes ? BlobWrite.TooLarge : BlobWrite.WrongHash;
            }

            var file = FileOf(sha256);
            EnsureFolder(Path.GetDirectoryName(file)!);
            File.SetLastWriteTimeUtc(growing, time.GetUtcNow().UtcDateTime);
            File.Move(growing, file, overwrite: true);
            return BlobWrite.Stored;
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new StoreException($"{folder} cannot be written: {failure.Message}", full: false, failure);
        }
        finally
        {
            TryDelete(growing);
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>?> FindAsync(string sha256, CancellationToken cancellationToken)
    {
        if (!BlobContract.IsHash(sha256))
        {
            return null;
        }

        try
        {
            var bytes = await File.ReadAllBytesAsync(FileOf(sha256), cancellationToken);
            if (Convert.ToHexStringLower(SHA256.HashData(bytes)) == sha256)
            {
                return bytes;
            }

            // A power failure may leave a torn file under a whole name; removed, it can be sent again.
            TryDelete(FileOf(sha256));
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public ValueTask<int> SweepAsync(IReadOnlySet<string> referred, DateTimeOffset before, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            return ValueTask.FromResult(0);
        }

        var removed = 0;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.LastWriteTimeUtc < before.UtcDateTime))
        {
            // What a daemon left half-written is named by nobody either.
            removed += !referred.Contains(file.Name) && TryDelete(file.FullName) ? 1 : 0;
        }

        return ValueTask.FromResult(removed);
    }

    private bool Has(string sha256)
    {
        var file = new FileInfo(FileOf(sha256));
        if (!file.Exists)
        {
            return false;
        }

        try
        {
            file.LastWriteTimeUtc = time.GetUtcNow().UtcDateTime;
        }
        catch (IOException)
        {
            // It is being removed in this moment, or belongs to a read-only disk.
            return File.Exists(file.FullName);
        }

        return true;
    }

    private string FileOf(string sha256) => Path.Combine(folder, sha256[..2], sha256);

    /// <summary>Ends a byte beyond what is taken.</summary>
    private static async Task<(string Hash, long Bytes)> CopyAsync(Stream content, string path, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            await using var file = Create(path);
            var bytes = 0L;
            while (bytes <= BlobContract.MostBytes && await content.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            {
                bytes += count;
                hash.AppendData(buffer, 0, count);
                await WriteAsync(file, buffer.AsMemory(0, count), cancellationToken);
            }

            return (Convert.ToHexStringLower(hash.GetHashAndReset()), bytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Private;
        }

        return new FileStream(path, options);
    }

    /// <exception cref="StoreException">As opposed to a body that ends too early, the disk's own failure.</exception>
    private static async Task WriteAsync(FileStream file, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        try
        {
            await file.WriteAsync(piece, cancellationToken);
        }
        catch (IOException failure)
        {
            throw new StoreException($"The disk that holds EXAI's blobs takes no more: {failure.Message}", full: true, failure);
        }
    }

    private static void EnsureFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, Private | UnixFileMode.UserExecute);
        }
    }

    private static bool TryDelete(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
