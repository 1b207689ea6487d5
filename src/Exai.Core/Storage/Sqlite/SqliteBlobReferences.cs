namespace Exai.Core.Storage.Sqlite;

/// <summary>What the rows of calls and turns say of blobs.</summary>
public sealed class SqliteBlobReferences(SqliteDatabase database) : IBlobReferences
{
    public ValueTask<IReadOnlySet<string>> FindAsync(DateTimeOffset threadsSince, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlySet<string>>(database.Read(connection => connection.Query(
            """
            SELECT json_extract(file.value, '$.sha256') AS sha256 FROM calls, json_each(calls.files) AS file
            UNION
            SELECT json_extract(file.value, '$.sha256') FROM turns JOIN threads USING (thread_id), json_each(turns.files) AS file
            WHERE threads.updated_at >= $since
            """,
            reader => reader.TextOrNull("sha256"),
            ("$since", threadsSince.ToUnixTimeMilliseconds()))).OfType<string>().ToHashSet(StringComparer.Ordinal));
}
