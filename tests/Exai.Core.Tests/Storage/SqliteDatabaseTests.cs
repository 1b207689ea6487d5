using Exai.Core.Storage;
using Exai.Core.Storage.Sql;
using Exai.Core.Storage.Sqlite;

namespace Exai.Core.Tests.Storage;

public sealed class SqliteDatabaseTests : IDisposable
{
    private readonly TempDatabase _file = new();

    [Fact]
    public async Task WriteAsync_many_at_once_all_are_there_and_share_commits()
    {
        await using var database = _file.Open();
        await Insert(database, 0, table: true);
        var before = CommitsSoFar(database);

        await Task.WhenAll(Enumerable.Range(1, 2000).Select(number => InTheBackground(() => Insert(database, number))));

        Numbers(database).ShouldBe(Enumerable.Range(0, 2001).Select(number => (long)number));
        (CommitsSoFar(database) - before).ShouldBeLessThan(2000);
    }

    [Fact]
    public async Task WriteAsideAsync_the_file_is_locked_its_caller_goes_on()
    {
        await using var database = _file.Open();
        await using var other = _file.Open();
        var open = HoldUp(other);

        var write = database.WriteAsideAsync([SqlStatement.Change("DELETE FROM calls")], CancellationToken.None);
        write.IsCompleted.ShouldBeFalse();
        open.SetResult();

        await write;
    }

    [Fact]
    public async Task WriteAsync_one_of_a_group_fails_only_its_own_changes_are_undone()
    {
        await using var database = _file.Open();
        await Insert(database, 0, table: true);
        var open = HoldUp(database);
        var writes = Enumerable.Range(1, 50).Select(number => number == 25
            ? database.WriteAsync<int>(
                connection =>
                {
                    connection.Execute("INSERT INTO numbers VALUES (1000)");
                    throw new FormatException("the write's own fault");
                },
                CancellationToken.None).AsTask()
            : Insert(database, number)).ToList();

        open.SetResult();
        await Task.WhenAll(writes.Where((_, index) => index != 24));

        (await Should.ThrowAsync<FormatException>(writes[24])).Message.ShouldBe("the write's own fault");
        Numbers(database).ShouldBe(Enumerable.Range(0, 51).Where(number => number != 25).Select(number => (long)number));
    }

    [Fact]
    public async Task WriteAsync_a_statement_that_SQLite_refuses_names_the_reason_and_leaves_the_writer_at_work()
    {
        await using var database = _file.Open();
        await Insert(database, 1, table: true);

        var refused = await Should.ThrowAsync<StoreException>(Insert(database, 1));

        refused.Message.ShouldContain("UNIQUE");
        refused.Full.ShouldBeFalse();
        await Insert(database, 2);
        Numbers(database).ShouldBe([1L, 2L]);
    }

    [Fact]
    public async Task WriteAsync_no_page_is_left_the_whole_group_is_told_that_the_store_is_full()
    {
        await using var database = _file.Open();
        await database.WriteAsync(connection => connection.Execute("CREATE TABLE bulk (body TEXT)"), CancellationToken.None);
        await database.WriteAsync(
            connection => connection.Execute($"PRAGMA max_page_count = {connection.Scalar<long>("PRAGMA page_count")}"), CancellationToken.None);

        var open = HoldUp(database);
        var writes = Enumerable.Range(0, 10)
            .Select(_ => database.WriteAsync(connection => connection.Execute("INSERT INTO bulk VALUES (hex(randomblob(100000)))"), CancellationToken.None).AsTask())
            .ToList();

        open.SetResult();
        foreach (var write in writes)
        {
            (await Should.ThrowAsync<StoreException>(write)).Full.ShouldBeTrue();
        }

        await database.WriteAsync(connection => connection.Execute("PRAGMA max_page_count = 1000000"), CancellationToken.None);
        await database.WriteAsync(connection => connection.Execute("INSERT INTO bulk VALUES ('small')"), CancellationToken.None);
        database.Read(connection => connection.Scalar<long>("SELECT COUNT(*) FROM bulk")).ShouldBe(1);
    }

    [Fact]
    public async Task WriteAsync_after_the_store_was_closed_is_refused()
    {
        var database = _file.Open();
        await database.DisposeAsync();

        await Should.ThrowAsync<StoreException>(Insert(database, 1));
    }

    [Fact]
    public async Task Read_after_the_store_was_closed_is_refused_and_opens_nothing()
    {
        var database = _file.Open();
        await database.DisposeAsync();

        Should.Throw<StoreException>(() => database.Read(connection => connection.Scalar<long>("SELECT 1")));

        OpenHandles().ShouldBe(0);
    }

    [Fact]
    public async Task Read_work_fails_its_connection_is_used_again()
    {
        await using var database = _file.Open();
        database.Read(connection => connection.Scalar<long>("SELECT 1"));
        var before = OpenHandles();

        for (var i = 0; i < 20; i++)
        {
            Should.Throw<FormatException>(() => database.Read<int>(_ => throw new FormatException("an unreadable row")));
        }

        OpenHandles().ShouldBe(before);
    }

    [Fact]
    public async Task DisposeAsync_writes_are_queued_they_are_written_first()
    {
        var database = _file.Open();
        await Insert(database, 0, table: true);
        var open = HoldUp(database);
        var writes = Enumerable.Range(1, 100).Select(number => Insert(database, number)).ToList();

        var closing = database.DisposeAsync();
        await Should.ThrowAsync<StoreException>(Insert(database, 101));
        closing.IsCompleted.ShouldBeFalse();
        open.SetResult();

        await closing;
        writes.ShouldAllBe(write => write.IsCompletedSuccessfully);
        await using var again = _file.Open();
        Numbers(again).Count.ShouldBe(101);
    }

    /// <summary>Trap 122: kill -9 loses nothing whose write had been reported.</summary>
    [Fact]
    public async Task Open_after_a_kill_everything_that_was_reported_is_there()
    {
        await using var database = _file.Open();
        await Insert(database, 0, table: true);
        for (var number = 1; number <= 20; number++)
        {
            await Insert(database, number);
            using var killed = _file.CopyAsAfterKill();
            await using var next = killed.Open();
            Numbers(next).ShouldBe(Enumerable.Range(0, number + 1).Select(value => (long)value));
        }
    }

    [Fact]
    public void Open_file_is_no_database_says_so_with_its_path()
    {
        File.WriteAllText(_file.Path, new string('x', 5000));

        var refused = Should.Throw<StoreException>(() => _file.Open());

        refused.Message.ShouldContain(_file.Path);
        refused.Message.ShouldContain("EXAI_STORE");
        OpenHandles().ShouldBe(0);
    }

    [Fact]
    public async Task Read_damage_shows_it_is_told_once_with_its_reason()
    {
        var database = _file.Open();
        await database.WriteAsync(connection => connection.Execute("CREATE TABLE bulk (text TEXT); INSERT INTO bulk VALUES (hex(randomblob(100000)))"), CancellationToken.None);
        // Its own pages alone, which are the last: the file must still open.
        var intact = (int)database.Read(connection => connection.Scalar<long>("SELECT (rootpage - 1) * page_size FROM sqlite_schema, pragma_page_size WHERE name = 'bulk'"));
        await database.DisposeAsync();
        await using (var file = new FileStream(_file.Path, FileMode.Open, FileAccess.Write) { Position = intact })
        {
            file.Write(Enumerable.Repeat((byte)0xAA, (int)file.Length - intact).ToArray());
        }

        await using var damaged = _file.Open();
        damaged.Unusable.IsCompleted.ShouldBeFalse();
        var refused = Should.Throw<StoreException>(() => damaged.Read(connection => connection.Scalar<long>("SELECT COUNT(*) FROM bulk")));

        refused.Damaged.ShouldBeTrue();
        (await damaged.Unusable).ShouldBe(refused.Message);
        refused.Message.ShouldContain(_file.Path);
    }

    [Fact]
    public async Task OpenOrReplace_file_of_somebody_else_is_no_database_it_is_left_alone()
    {
        File.WriteAllText(_file.Path, "a letter, named by mistake");

        Should.Throw<StoreException>(() => DamagedDatabase.OpenOrReplace(_file.Path, fullSync: false, ours: false, TimeProvider.System));
        File.ReadAllText(_file.Path).ShouldBe("a letter, named by mistake");

        var (database, setAside) = DamagedDatabase.OpenOrReplace(_file.Path, fullSync: false, ours: true, TimeProvider.System);
        await using (database)
        {
            File.ReadAllText(setAside!).ShouldBe("a letter, named by mistake");
            database.Read(connection => connection.Scalar<long>("SELECT COUNT(*) FROM calls")).ShouldBe(0);
        }
    }

    [Fact]
    public async Task OpenOrReplace_the_daemon_before_marked_the_file_it_is_set_aside_though_it_opens()
    {
        await using (_file.Open())
        {
            DamagedDatabase.MarkDamaged(_file.Path, "a page is broken");
        }

        var (database, setAside) = DamagedDatabase.OpenOrReplace(_file.Path, fullSync: false, ours: false, TimeProvider.System);
        await using (database)
        {
            File.Exists(setAside).ShouldBeTrue();
        }

        (database, setAside) = DamagedDatabase.OpenOrReplace(_file.Path, fullSync: false, ours: false, TimeProvider.System);
        await using (database)
        {
            setAside.ShouldBeNull("once is enough");
        }
    }

    public void Dispose() => _file.Dispose();

    private static Task Insert(SqliteDatabase database, int number, bool table = false) => database.WriteAsync(
        connection =>
        {
            if (table)
            {
                connection.Execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)");
            }

            return connection.Execute("INSERT INTO numbers VALUES ($number)", ("$number", number));
        },
        CancellationToken.None).AsTask();

    /// <summary>What is written until the source is set waits for one commit.</summary>
    private static TaskCompletionSource HoldUp(SqliteDatabase database)
    {
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = database.WriteAsync(
            async _ =>
            {
                await open.Task;
                return true;
            },
            CancellationToken.None).AsTask();
        return open;
    }

    private static List<long> Numbers(SqliteDatabase database) =>
        database.Read(connection => connection.Query("SELECT number FROM numbers ORDER BY number", reader => reader.GetInt64(0)));

    /// <summary>Each commit to the write-ahead log adds at least one frame; a frame has one page and a header.</summary>
    private long CommitsSoFar(SqliteDatabase database)
    {
        database.Read(connection => connection.Scalar<long>("SELECT 1"));
        return new FileInfo(_file.Path + "-wal").Length / 4120;
    }

    private static async Task InTheBackground(Func<Task> work)
    {
        await Task.Yield();
        await work();
    }

    private int OpenHandles() => OperatingSystem.IsLinux()
        ? new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Count(handle => handle.LinkTarget?.StartsWith(_file.Path, StringComparison.Ordinal) == true)
        : 0;
}
