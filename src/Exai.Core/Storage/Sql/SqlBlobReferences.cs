using System.Text.Json;

namespace Exai.Core.Storage.Sql;

/// <summary>What the rows of calls and turns say of blobs.</summary>
public sealed class SqlBlobReferences(IDatabase database) : IBlobReferences
{
    public async ValueTask<IReadOnlySet<string>> FindAsync(DateTimeOffset threadsSince, CancellationToken cancellationToken)
    {
        var lists = await database.ReadAsync(
            connection => connection.QueryAsync(
                """
                SELECT files FROM calls WHERE files IS NOT NULL
                UNION
                SELECT turns.files FROM turns JOIN threads ON threads.thread_id = turns.thread_id WHERE turns.files IS NOT NULL AND threads.updated_at >= @since
                """,
                reader => reader.Text("files"),
                ("@since", threadsSince.ToUnixTimeMilliseconds())),
            cancellationToken);
        return lists.SelectMany(Hashes).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>A call's list and a turn's are of different types; a hash has one name in both.</summary>
    private static IReadOnlyList<string> Hashes(string list)
    {
        using var files = JsonDocument.Parse(list);
        return [.. files.RootElement.EnumerateArray().Select(file => file.TryGetProperty("sha256", out var hash) ? hash.GetString() : null).OfType<string>()];
    }
}
