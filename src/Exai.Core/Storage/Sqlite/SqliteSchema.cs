using Exai.Core.Storage.Sql;
using Microsoft.Data.Sqlite;

namespace Exai.Core.Storage.Sqlite;

/// <summary>
/// Takes the steps of <see cref="StoreSchema"/>: <c>user_version</c> says how many have been taken. An older database is copied beside itself
/// before it is changed; one from a newer program is refused, never guessed at.
/// </summary>
internal static class SqliteSchema
{
    public static void Migrate(SqliteConnection connection, string path) => Migrate(connection, path, StoreSchema.Steps);

    internal static void Migrate(SqliteConnection connection, string path, IReadOnlyList<string> steps)
    {
        var version = (int)connection.Scalar<long>("PRAGMA user_version");
        if (version > steps.Count)
        {
            throw new StoreException(
                $"The database {path} has schema {version}, this program knows up to {steps.Count}. Start the newer exai that wrote it, or set EXAI_STORE to another file.",
                full: false);
        }

        if (version > 0 && version < steps.Count)
        {
            BackUp(connection, $"{path}.schema-{version}.bak");
        }

        for (; version < steps.Count; version++)
        {
            TakeStep(connection, version, steps[version]);
        }
    }

    /// <summary>Complete or not there; one that an earlier try left is replaced.</summary>
    private static void BackUp(SqliteConnection connection, string path)
    {
        var growing = path + ".tmp";
        File.Delete(growing);
        connection.Execute("VACUUM INTO $copy", ("$copy", growing));
        File.Move(growing, path, overwrite: true);
    }

    private static void TakeStep(SqliteConnection connection, int version, string step)
    {
        // Disposed before it is committed, it takes a failed step back.
        using var transaction = connection.BeginTransaction(deferred: false);
        // Another process may have taken the step while this one waited for the lock.
        if (connection.Scalar<long>("PRAGMA user_version") == version)
        {
            connection.Execute(step);
            connection.Execute($"PRAGMA user_version = {version + 1}");
        }

        transaction.Commit();
    }
}
