using Exai.Core.Storage;
using Exai.Core.Storage.Sql;
using Exai.Core.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Exai.Core.Tests.Storage;

public sealed class SqliteSchemaTests : IDisposable
{
    private static readonly string[] First = ["CREATE TABLE one (value TEXT)"];
    private static readonly string[] Second = [.. First, "ALTER TABLE one ADD COLUMN more TEXT"];

    private readonly TempDatabase _file = new();

    [Fact]
    public async Task Open_fresh_file_has_the_newest_schema_and_no_backup()
    {
        await using var database = _file.Open();

        database.Read(connection => connection.Scalar<long>("PRAGMA user_version")).ShouldBeGreaterThan(0);
        database.Read(connection => connection.Scalar<string>("PRAGMA journal_mode")).ShouldBe("wal");
        Directory.GetFiles(Path.GetDirectoryName(_file.Path)!, "*.bak*").ShouldBeEmpty();
    }

    [Fact]
    public async Task Open_newer_schema_is_refused_with_both_numbers_and_left_alone()
    {
        await using (var database = _file.Open())
        {
            await database.WriteAsync(connection => connection.Execute("PRAGMA user_version = 99"), CancellationToken.None);
        }

        var refused = Should.Throw<StoreException>(() => _file.Open());

        refused.Message.ShouldContain("schema 99");
        refused.Message.ShouldContain("newer exai");
        // Nothing stays open behind a refusal: the last connection takes the write-ahead log with it.
        File.Exists(_file.Path + "-wal").ShouldBeFalse();
    }

    [Fact]
    public void Migrate_older_schema_is_copied_beside_itself_first()
    {
        using var connection = Connect();
        SqliteSchema.Migrate(connection, _file.Path, First);
        connection.Execute("INSERT INTO one VALUES ('kept')");

        SqliteSchema.Migrate(connection, _file.Path, Second);

        connection.Scalar<long>("PRAGMA user_version").ShouldBe(2);
        connection.Scalar<string>("SELECT value FROM one").ShouldBe("kept");
        using var backup = Connect(_file.Path + ".schema-1.bak");
        backup.Scalar<long>("PRAGMA user_version").ShouldBe(1);
        backup.Scalar<string>("SELECT value FROM one").ShouldBe("kept");
    }

    /// <summary>A daemon that died in the middle of its migration must not keep every later one from starting.</summary>
    [Fact]
    public void Migrate_an_earlier_try_left_its_backup_migrates()
    {
        using var connection = Connect();
        SqliteSchema.Migrate(connection, _file.Path, First);
        connection.Execute("INSERT INTO one VALUES ('kept')");
        File.WriteAllText(_file.Path + ".schema-1.bak", "half a backup");

        SqliteSchema.Migrate(connection, _file.Path, Second);

        connection.Scalar<long>("PRAGMA user_version").ShouldBe(2);
        using var backup = Connect(_file.Path + ".schema-1.bak");
        backup.Scalar<string>("SELECT value FROM one").ShouldBe("kept");
        Directory.GetFiles(Path.GetDirectoryName(_file.Path)!, "*.tmp").ShouldBeEmpty();
    }

    [Fact]
    public void Migrate_a_step_fails_the_schema_stays_whole_and_unlocked()
    {
        using var connection = Connect();
        SqliteSchema.Migrate(connection, _file.Path, First);

        Should.Throw<SqliteException>(() => SqliteSchema.Migrate(connection, _file.Path, [.. First, "ALTER TABLE one ADD COLUMN half TEXT; CREATE NONSENSE"]));

        connection.Scalar<long>("PRAGMA user_version").ShouldBe(1);
        connection.Scalar<long>("SELECT COUNT(*) FROM pragma_table_info('one')").ShouldBe(1);
        using var other = Connect();
        other.Execute("INSERT INTO one VALUES ('by another process')");
    }

    /// <summary>Calls, threads and attempts of before are the owner's.</summary>
    [Fact]
    public async Task Open_file_from_before_named_tokens_its_rows_are_the_owners()
    {
        using (var connection = Connect())
        {
            SqliteSchema.Migrate(connection, _file.Path, StoreSchema.Steps[..8]);
            connection.Execute(
                """
                INSERT INTO calls (call_id, tool, arguments_hash, arguments, session_id, state, runs, owner_epoch, owner_process, lease_until, accepted_at, run_started_at,
                    spent_ms, thread_id, continues_thread, thread_place)
                VALUES ('old', 'chat', 'h', '{}', 's', 'running', 1, 'e', 'p', 0, 0, 0, 0, 't', 0, 1);
                INSERT INTO threads (thread_id, created_at, updated_at) VALUES ('t', 0, 0);
                """);
        }

        await using var database = _file.Open();
        var calls = new SqlCallStore(database, TimeSpan.FromSeconds(1), TimeProvider.System);

        (await calls.FindAsync("old", CancellationToken.None))!.Token.ShouldBeNull();
        (await calls.ListAsync(10, token: null, CancellationToken.None)).Count.ShouldBe(1);
        (await calls.ListAsync(10, "alice", CancellationToken.None)).ShouldBeEmpty();
        (await new SqlThreadStore(database).FindAsync("t", CancellationToken.None))!.Token.ShouldBeNull();
        (await new SqlTokenStore(database).ListAsync(CancellationToken.None)).ShouldBeEmpty();
    }

    public void Dispose() => _file.Dispose();

    private SqliteConnection Connect(string? path = null)
    {
        _ = SqliteDatabase.LibraryVersion;
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path ?? _file.Path, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }
}
