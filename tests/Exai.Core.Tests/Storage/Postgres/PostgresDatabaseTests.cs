using System.Globalization;
using Exai.Core.Calls;
using Exai.Core.Storage;
using Exai.Core.Storage.Postgres;
using Exai.Core.Storage.Sql;
using Exai.Settings;
using Exai.Testing;
using Exai.Testing.Stores;
using Npgsql;

namespace Exai.Core.Tests.Storage.Postgres;

/// <summary>A real server that fails, and the real clock.</summary>
public sealed class PostgresDatabaseTests : IAsyncLifetime
{
    private readonly ListLogger _log = new();
    private readonly SemaphoreSlim _written = new(0);
    private PostgresServer _server = null!;

    private static CancellationToken Patience => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        _server = new PostgresServer();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _server?.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact(Timeout = 120_000)]
    public async Task Server_is_not_there_at_the_start_what_is_asked_waits_for_it()
    {
        _server.Crash();
        await using var database = await OpenAsync(_server.Address);
        database.Problem.ShouldNotBeNull().ShouldContain("cannot be reached");
        _log.Entries.ShouldContain(entry => entry.Text.Contains("cannot be reached", StringComparison.Ordinal));
        var writing = AcceptAsync(database, "c1");
        var reading = Store(database).FindAsync("c1", Patience).AsTask();
        (writing.IsCompleted || reading.IsCompleted).ShouldBeFalse();

        _server.Start();

        (await writing).Accepted.ShouldBeTrue();
        await reading;
        database.Problem.ShouldBeNull();
        _log.Entries.ShouldContain(entry => entry.Text.Contains("is there again", StringComparison.Ordinal));
    }

    /// <summary>Waited for like a server that is away, it would be read again and again for ever.</summary>
    [Fact(Timeout = 60_000)]
    public async Task Read_that_always_takes_too_long_fails_and_others_go_on()
    {
        var text = PostgresConnections.Text(_server.Address);
        text.CommandTimeout = 1;
        await using var database = await PostgresDatabase.OpenAsync(NpgsqlDataSource.Create(text), "db", TimeProvider.System, _log);

        var slow = await Should.ThrowAsync<StoreException>(() => database.ReadAsync(connection => connection.FirstAsync("SELECT pg_sleep(20)", _ => "slept"), Patience).AsTask());

        slow.Message.ShouldStartWith("The database db cannot be read in time: ");
        (await database.ReadAsync(connection => connection.FirstAsync("SELECT 1 AS one", reader => reader.Number("one").ToString(CultureInfo.InvariantCulture)), Patience)).ShouldBe("1");
        database.Problem.ShouldBeNull();
    }

    /// <summary>The client ends a connection on which the server had no room, too.</summary>
    [Fact(Timeout = 60_000)]
    public async Task Server_that_is_full_fails_the_write_and_takes_the_next_once_there_is_room()
    {
        await using var database = await OpenAsync(_server.Address);

        var full = await Should.ThrowAsync<StoreException>(() => database.WriteAsync(
            connection => connection.ExecuteAsync("DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"), Patience).AsTask());
        full.Full.ShouldBeTrue();

        await database.WriteAsync(connection => connection.ExecuteAsync("CREATE TABLE numbers (number BIGINT)"), Patience);
        database.Problem.ShouldBeNull();
    }

    [Fact(Timeout = 120_000)]
    public async Task Server_crashes_under_writes_none_is_lost_and_none_done_twice()
    {
        await using var database = await OpenAsync(_server.Address);
        await database.WriteAsync(connection => connection.ExecuteAsync("CREATE TABLE numbers (number BIGINT)"), Patience);
        using var enough = new CancellationTokenSource();
        var written = Task.WhenAll(Enumerable.Range(0, 8).Select(writer => WriteUntilAsync(database, writer, enough.Token)));
        for (var crash = 0; crash < 3; crash++)
        {
            await WrittenAsync(101);
            _server.Crash();
            _server.Start();
        }

        await WrittenAsync(101);
        enough.Cancel();
        var told = (await written).SelectMany(numbers => numbers).Order().ToList();

        var there = await database.ReadAsync(connection => connection.QueryAsync("SELECT number FROM numbers ORDER BY number", row => row.GetInt64(0)), Patience);
        there.ShouldBe(told);
        database.Problem.ShouldBeNull();
    }

    /// <summary>The server has committed, and the connection breaks before it can say so.</summary>
    [Theory(Timeout = 120_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connection_breaks_during_the_commit_the_write_happens_once(bool committed)
    {
        await using var source = new BreakingDataSource(PostgresConnections.Open(_server.Address));
        await using var database = await PostgresDatabase.OpenAsync(source, "test", TimeProvider.System, _log);
        await database.WriteAsync(connection => connection.ExecuteAsync("CREATE TABLE numbers (number BIGINT)"), Patience);

        source.BreakNextCommit(after: committed);
        var runs = 0;
        await database.WriteAsync(
            connection =>
            {
                runs++;
                return connection.ExecuteAsync("INSERT INTO numbers VALUES (7)");
            },
            Patience);

        source.Broken.ShouldBe(1);
        runs.ShouldBe(committed ? 1 : 2);
        (await database.ReadAsync(connection => connection.ScalarAsync<long>("SELECT COUNT(*) FROM numbers"), Patience)).ShouldBe(1);
    }

    [Fact(Timeout = 120_000)]
    public async Task One_write_of_a_group_fails_only_its_own_changes_are_undone()
    {
        await using var database = await OpenAsync(_server.Address);
        await database.WriteAsync(connection => connection.ExecuteAsync("CREATE TABLE numbers (number BIGINT PRIMARY KEY)"), Patience);
        var writes = Enumerable.Range(1, 200).Select(number => database.WriteAsync(
            async connection =>
            {
                await connection.ExecuteAsync("INSERT INTO numbers VALUES (@number)", ("@number", (long)number));
                return number switch
                {
                    50 => throw new FormatException("the write's own fault"),
                    150 => await connection.ExecuteAsync("INSERT INTO numbers VALUES (1)"),
                    _ => 0,
                };
            },
            Patience).AsTask()).ToList();

        await Task.WhenAll(writes.Where((_, index) => index is not (49 or 149)));

        (await Should.ThrowAsync<FormatException>(writes[49])).Message.ShouldBe("the write's own fault");
        (await Should.ThrowAsync<StoreException>(writes[149])).Message.ShouldContain("23505");
        (await database.ReadAsync(connection => connection.QueryAsync("SELECT number FROM numbers ORDER BY number", row => row.GetInt64(0)), Patience))
            .ShouldBe(Enumerable.Range(1, 200).Where(number => number is not (50 or 150)).Select(number => (long)number));
    }

    [Fact(Timeout = 120_000)]
    public async Task Statements_of_many_writes_are_sent_together_and_each_write_gets_its_own_answers()
    {
        await using var database = await OpenAsync(_server.Address);
        await database.WriteAsync(connection => connection.ExecuteAsync("CREATE TABLE numbers (number BIGINT PRIMARY KEY)"), Patience);
        var writes = Enumerable.Range(1, 200).Select(WriteAsync).ToList();

        await Task.WhenAll(writes.Where((_, index) => index is not 149));

        (await Should.ThrowAsync<StoreException>(writes[149])).Message.ShouldContain("23505");
        (await database.ReadAsync(connection => connection.ScalarAsync<long>("SELECT COUNT(*) FROM numbers"), Patience)).ShouldBe(199);

        async Task WriteAsync(int number)
        {
            var before = SqlStatement.Rows("SELECT number FROM numbers WHERE number = @number", row => row.GetInt64(0), ("@number", (long)number));
            var insert = SqlStatement.Change("INSERT INTO numbers VALUES (@number)", ("@number", number == 150 ? 1L : number));
            var after = SqlStatement.Rows("SELECT number FROM numbers WHERE number = @number", row => row.GetInt64(0), ("@number", (long)number));
            var none = SqlStatement.Change("UPDATE numbers SET number = 0 WHERE number = -1");
            await database.WriteAsync([before, insert, after, none], Patience);
            (before.Found.Count, insert.Count, after.Found.Single(), none.Count).ShouldBe((0, 1, number, 0));
        }
    }

    /// <summary>More than is sent in one exchange.</summary>
    [Fact(Timeout = 120_000)]
    public async Task Long_texts_of_many_writes_all_arrive()
    {
        await using var database = await OpenAsync(_server.Address);
        await database.WriteAsync(connection => connection.ExecuteAsync("CREATE TABLE texts (text TEXT)"), Patience);
        var text = new string('x', 1_500_000);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => database.WriteAsync([SqlStatement.Change("INSERT INTO texts VALUES (@text)", ("@text", text))], Patience)));

        (await database.ReadAsync(connection => connection.ScalarAsync<long>("SELECT SUM(LENGTH(text))::bigint FROM texts"), Patience)).ShouldBe(20 * 1_500_000);
    }

    /// <summary>As the next version does while this one finishes its calls: what was prepared does not fit any more.</summary>
    [Fact(Timeout = 120_000)]
    public async Task A_table_gets_a_column_reads_and_writes_go_on()
    {
        await using var database = await OpenAsync(_server.Address);
        for (var call = 0; call < 5; call++)
        {
            await AcceptAsync(database, $"before{call}");
            await Store(database).FindAsync("before0", Patience);
        }

        _server.Execute("ALTER TABLE calls ADD COLUMN color TEXT");

        (await Store(database).FindAsync("before0", Patience)).ShouldNotBeNull();
        (await AcceptAsync(database, "after")).Accepted.ShouldBeTrue();
        database.Problem.ShouldBeNull();
    }

    [Fact(Timeout = 120_000)]
    public async Task The_daemon_ends_while_the_server_is_away_what_waits_fails_in_the_end()
    {
        var database = await OpenAsync(_server.Address);
        _server.Crash();
        var writing = AcceptAsync(database, "c1");
        var reading = Store(database).FindAsync("c1", Patience).AsTask();

        await database.DisposeAsync();

        (await Should.ThrowAsync<StoreException>(writing)).Message.ShouldContain("cannot be reached");
        await Should.ThrowAsync<StoreException>(reading);
    }

    [Fact(Timeout = 120_000)]
    public async Task Database_that_does_not_exist_is_refused_by_its_name()
    {
        var refused = await Should.ThrowAsync<StoreException>(() => OpenAsync(_server.Address with { Database = "nowhere" }));

        refused.Message.ShouldContain("nowhere");
        refused.Message.ShouldContain("EXAI_STORE");
    }

    /// <summary>Two daemons that accept calls on one thread at once: each gets a place of its own.</summary>
    [Fact(Timeout = 120_000)]
    public async Task Two_daemons_accept_on_one_thread_every_call_has_its_own_place()
    {
        await using var one = await OpenAsync(_server.Address);
        await using var other = await OpenAsync(_server.Address);

        var accepted = await Task.WhenAll(Enumerable.Range(0, 100).Select(number => AcceptAsync(number % 2 == 0 ? one : other, $"c{number}", "thread")));

        accepted.Select(call => call.Record.ThreadPlace).Order().ShouldBe(Enumerable.Range(1, 100).Select(place => (long)place));
    }

    [Fact(Timeout = 120_000)]
    public async Task Two_daemons_accept_the_same_calls_each_is_accepted_once()
    {
        await using var one = await OpenAsync(_server.Address);
        await using var other = await OpenAsync(_server.Address);

        var accepted = await Task.WhenAll(Enumerable.Range(0, 200).Select(number => AcceptAsync(number % 2 == 0 ? one : other, $"c{number / 2}")));

        accepted.Count(call => call.Accepted).ShouldBe(100);
    }

    [Fact(Timeout = 120_000)]
    public async Task Texts_that_a_server_cannot_keep_are_kept_as_well_as_can_be()
    {
        await using var database = await OpenAsync(_server.Address);
        var (call, _) = await AcceptAsync(database, "c1");

        (await Store(database).FinishAsync(call, Sample.Outcome(call), Sample.Turn(call, "a\0b\ud800c", "größe 🙂"), Patience)).ShouldBeTrue();

        var turn = (await new SqlThreadStore(database).FindAsync(call.ThreadId, Patience))!.Turns.Single();
        (turn.Question, turn.Answer).ShouldBe(("a\ufffdb\ufffdc", "größe 🙂"));
    }

    private async Task<List<long>> WriteUntilAsync(IDatabase database, int writer, CancellationToken enough)
    {
        var told = new List<long>();
        for (var number = writer * 1_000_000L; !enough.IsCancellationRequested; number++)
        {
            var value = number;
            await database.WriteAsync(connection => connection.ExecuteAsync("INSERT INTO numbers VALUES (@number)", ("@number", value)), CancellationToken.None);
            told.Add(value);
            _written.Release();
        }

        return told;
    }

    /// <summary>Waits until so many more writes have been told than had been before.</summary>
    private async Task WrittenAsync(int more)
    {
        for (var missing = _written.CurrentCount + more; missing > 0; missing--)
        {
            await _written.WaitAsync(Patience);
        }
    }

    private Task<PostgresDatabase> OpenAsync(PostgresAddress address) => PostgresDatabase.OpenAsync(address, TimeProvider.System, _log);

    private static SqlCallStore Store(IDatabase database) => new(database, TimeSpan.FromSeconds(1.5), TimeProvider.System);

    private static Task<(CallRecord Record, bool Accepted)> AcceptAsync(IDatabase database, string callId, string? thread = null) =>
        Store(database).AcceptAsync(Sample.Call(callId, thread), Sample.Owner, Patience).AsTask();
}
