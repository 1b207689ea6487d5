namespace Exai.Core.Storage.Sql;

/// <summary>The index of uploaded files in a database.</summary>
public sealed class SqlFileIndex(IDatabase database) : IProviderFileIndex
{
    private const string OfKey = "account = @account AND purpose = @purpose AND sha256 = @sha256";

    public ValueTask<IndexedFile?> FindAsync(FileKey key, CancellationToken cancellationToken) =>
        database.ReadAsync(
            connection => connection.FirstAsync(
                $"SELECT name, bytes, file_id, at FROM provider_files WHERE {OfKey}",
                reader => new IndexedFile(key, reader.Text("name"), reader.Number("bytes"), reader.TextOrNull("file_id"), reader.Time("at")),
                Parameters(key)),
            cancellationToken);

    public async ValueTask SaveAsync(IndexedFile file, CancellationToken cancellationToken) => await database.WriteAsync(
        connection => connection.ExecuteAsync(
            """
            INSERT INTO provider_files (account, purpose, sha256, name, bytes, file_id, at)
            VALUES (@account, @purpose, @sha256, @name, @bytes, @file, @at)
            ON CONFLICT (account, purpose, sha256) DO UPDATE SET name = @name, bytes = @bytes, file_id = @file, at = @at
            """,
            [.. Parameters(file.Key), ("@name", file.Name), ("@bytes", file.Bytes), ("@file", file.FileId), ("@at", file.At.ToUnixTimeMilliseconds())]),
        cancellationToken);

    public async ValueTask ForgetAsync(FileKey key, CancellationToken cancellationToken) => await database.WriteAsync(
        connection => connection.ExecuteAsync($"DELETE FROM provider_files WHERE {OfKey}", Parameters(key)), cancellationToken);

    public async ValueTask ForgetFileAsync(string account, string fileId, CancellationToken cancellationToken) => await database.WriteAsync(
        connection => connection.ExecuteAsync(
            "DELETE FROM provider_files WHERE account = @account AND file_id = @file", ("@account", account), ("@file", fileId)),
        cancellationToken);

    private static (string Name, object? Value)[] Parameters(FileKey key) =>
        [("@account", key.Account), ("@purpose", key.Purpose), ("@sha256", key.Sha256)];
}
