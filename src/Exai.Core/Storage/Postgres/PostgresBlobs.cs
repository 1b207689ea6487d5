using System.Security.Cryptography;
using Exai.Core.Storage.Blobs;
using Exai.Core.Storage.Sql;
using Exai.Protocol;

namespace Exai.Core.Storage.Postgres;

/// <summary>
/// Blobs in the database, where every daemon finds them. Each is written apart from the journal's commits, which it would hold up, and only its
/// age is ever changed, so nothing is lost when nobody knows whether a commit happened: it is made again.
/// </summary>
public sealed class PostgresBlobs(PostgresDatabase database, TimeProvider time) : IBlobStore
{
    public async ValueTask<bool> HasAsync(string sha256, CancellationToken cancellationToken) => await database.AloneAsync(
        connection => connection.ExecuteAsync("UPDATE blobs SET touched_at = @now WHERE sha256 = @sha256", ("@now", Now()), ("@sha256", sha256)), cancellationToken) == 1;

    public async Task<BlobWrite> WriteAsync(string sha256, Stream content, CancellationToken cancellationToken)
    {
        if (await HasAsync(sha256, cancellationToken))
        {
            return BlobWrite.Known;
        }

        if (await ReadAsync(content, cancellationToken) is not { } bytes)
        {
            return BlobWrite.TooLarge;
        }

        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != sha256)
        {
            return BlobWrite.WrongHash;
        }

        await database.AloneAsync(
            connection => connection.ExecuteAsync(
                "INSERT INTO blobs (sha256, touched_at, content) VALUES (@sha256, @now, @content) ON CONFLICT (sha256) DO UPDATE SET touched_at = @now",
                ("@sha256", sha256), ("@now", Now()), ("@content", bytes)),
            cancellationToken);
        return BlobWrite.Stored;
    }

    public async ValueTask<ReadOnlyMemory<byte>?> FindAsync(string sha256, CancellationToken cancellationToken)
    {
        var bytes = await database.ReadAsync(
            connection => connection.FirstAsync("SELECT content FROM blobs WHERE sha256 = @sha256", reader => reader.GetFieldValue<byte[]>(0), ("@sha256", sha256)),
            cancellationToken);
        if (bytes is null)
        {
            // Never as one expression: a null array would become an empty file.
            return null;
        }

        return bytes;
    }

    public async ValueTask<int> SweepAsync(IReadOnlySet<string> referred, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var old = await database.ReadAsync(
            connection => connection.QueryAsync(
                "SELECT sha256 FROM blobs WHERE touched_at < @before", reader => reader.Text("sha256"), ("@before", before.ToUnixTimeMilliseconds())),
            cancellationToken);
        var removed = 0;
        foreach (var sha256 in old.Where(sha256 => !referred.Contains(sha256)))
        {
            // Its age once more: somebody may have asked for it meanwhile.
            removed += await database.AloneAsync(
                connection => connection.ExecuteAsync(
                    "DELETE FROM blobs WHERE sha256 = @sha256 AND touched_at < @before", ("@sha256", sha256), ("@before", before.ToUnixTimeMilliseconds())),
                cancellationToken);
        }

        return removed;
    }

    /// <summary>Null for more than is taken.</summary>
    private static async Task<byte[]?> ReadAsync(Stream content, CancellationToken cancellationToken)
    {
        var buffer = new MemoryStream();
        var piece = new byte[64 * 1024];
        while (await content.ReadAsync(piece, cancellationToken) is > 0 and var count)
        {
            if (buffer.Length + count > BlobContract.MostBytes)
            {
                return null;
            }

            buffer.Write(piece, 0, count);
        }

        return buffer.ToArray();
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
