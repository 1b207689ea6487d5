using System.Data.Common;
using Exai.Core.Storage.Sql;

namespace Exai.Core.Storage.Postgres;

/// <summary>
/// Takes the steps of <see cref="StoreSchema"/> in PostgreSQL's words, and makes what only this engine needs. All of it happens in one transaction
/// under an advisory lock, so that of many daemons that start at once one does it, wholly or not at all.
/// </summary>
internal static class PostgresSchema
{
    /// <summary>Of all that take advisory locks in this database, the one that brings EXAI's tables up to date.</summary>
    private const long MigrationLock = 0x45584149;

    /// <summary>
    /// What SQLite keeps elsewhere or does not need: which steps were taken (there: <c>user_version</c>), the last commit of each writer, and the
    /// bytes of files (there: beside the database), which every daemon has to find, and
    /// how daemons share the limits.
    /// </summary>
    public static readonly IReadOnlyList<string> OwnTables = ["schema_version", "writers", "blobs", "permit_daemons", "permit_shares"];

    private const string Own =
        """
        CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS writers (writer TEXT PRIMARY KEY, commits BIGINT NOT NULL, seen_at BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS blobs (sha256 TEXT COLLATE "C" PRIMARY KEY, touched_at BIGINT NOT NULL, content BYTEA NOT NULL);
        CREATE TABLE IF NOT EXISTS permit_daemons (epoch TEXT COLLATE "C" PRIMARY KEY, process TEXT NOT NULL, renewals BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS permit_shares (
            epoch TEXT COLLATE "C" NOT NULL REFERENCES permit_daemons (epoch) ON DELETE CASCADE,
            provider TEXT NOT NULL,
            model TEXT NOT NULL,
            held BIGINT NOT NULL,
            wanted BIGINT NOT NULL,
            turn BIGINT NOT NULL,
            global_limit BIGINT NOT NULL,
            provider_limit BIGINT NOT NULL,
            model_limit BIGINT NOT NULL,
            PRIMARY KEY (epoch, provider, model)
        );
        INSERT INTO schema_version (version) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM schema_version);
        """;

    /// <exception cref="StoreException">The database is newer than this program.</exception>
    public static Task MigrateAsync(DbConnection connection, string name) => MigrateAsync(connection, name, StoreSchema.Steps);

    internal static async Task MigrateAsync(DbConnection connection, string name, IReadOnlyList<string> steps)
    {
        // Disposed before it is committed, it takes a failed step back.
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync("SELECT pg_advisory_xact_lock(@lock)", ("@lock", MigrationLock));
        await connection.ExecuteAsync(Own);
        var version = (int)await connection.ScalarAsync<long>("SELECT version FROM schema_version");
        if (version > steps.Count)
        {
            throw new StoreException(
                $"The database {name} has schema {version}, this program knows up to {steps.Count}. Start the newer exai that wrote it, or name another database in EXAI_STORE.",
                full: false);
        }

        foreach (var step in steps.Skip(version))
        {
            await connection.ExecuteAsync(InPostgres(step));
        }

        if (version < steps.Count)
        {
            await connection.ExecuteAsync("UPDATE schema_version SET version = @version", ("@version", (long)steps.Count));
        }

        await transaction.CommitAsync();
    }

    /// <summary>SQLite's integers have 64 bits, its texts compare by their bytes, and only it has rows without an id.</summary>
    private static string InPostgres(string step) => step
        .Replace("INTEGER", "BIGINT", StringComparison.Ordinal)
        .Replace(" TEXT", " TEXT COLLATE \"C\"", StringComparison.Ordinal)
        .Replace(" WITHOUT ROWID", "", StringComparison.Ordinal);
}
