using System.Data;
using System.Data.Common;
using Exai.Core.Storage.Sql;
using Npgsql;

namespace Exai.Core.Storage.Postgres;

/// <summary>
/// Commits groups of writes on one connection, however often it breaks. What the writes of a group have to say is sent together, as far as no write waits for an
/// answer in its middle. Used by one loop.
/// </summary>
/// <remarks>
/// A connection that breaks during a commit leaves it unknown whether that happened. Each transaction therefore begins by writing its number into
/// this writer's row of <c>writers</c>; the row, read again under its lock, tells whether the transaction counts or has to be run again.
/// </remarks>
/// <param name="name">The database, without secrets.</param>
/// <param name="closing">Nothing is waited for any more.</param>
internal sealed class PostgresWriter(DbDataSource source, string name, PostgresPresence presence, TimeProvider time, CancellationToken closing) : IAsyncDisposable
{
    /// <summary>Characters: what is sent together has to arrive within one command's time, and answers may be megabytes.</summary>
    private const long MostTogether = 250_000;

    /// <summary>A writer that has written nothing for so long begins its row anew.</summary>
    private static readonly TimeSpan WriterKept = TimeSpan.FromDays(7);

    private readonly string _writer = Guid.NewGuid().ToString();
    private DbConnection? _connection;
    private long _lastCommit;
    private long _lastNumber;
    private volatile string? _problem;

    /// <summary>Why the last write failed, for people; null when it did not.</summary>
    public string? Problem => _problem;

    /// <summary>Commits them and tells each what it came to. One that is refused has its failure, and the others of its group are committed.</summary>
    public async Task CommitAsync(List<QueuedWrite> group)
    {
        if (await TryCommitAsync(group))
        {
            group.ForEach(write => write.Complete());
            return;
        }

        // Something in it was refused, and the rest with it: each by itself, so that only what is wrong fails.
        foreach (var write in group)
        {
            await TryCommitAsync([write]);
            write.Complete();
        }
    }

    public ValueTask DisposeAsync() => DropConnectionAsync();

    /// <summary>
    /// Commits the group. A single write that is refused has its failure then; of several that are refused together, or take too long together, nothing is
    /// written, and the answer is false.
    /// </summary>
    private async Task<bool> TryCommitAsync(IReadOnlyList<QueuedWrite> group)
    {
        // Never one that was used before: its fate may be unknown.
        var number = ++_lastNumber;
        for (var tries = 0; ; tries++)
        {
            var committing = false;
            try
            {
                if (_connection is { State: not ConnectionState.Open })
                {
                    // Also a server's error of its own, as a full disk, can end the connection.
                    await DropConnectionAsync();
                }

                var connection = _connection ??= await ConnectAsync();
                if (tries > 0 && await LastCommitAsync(connection) == number)
                {
                    Committed(number);
                    return true;
                }

                await using var transaction = await connection.BeginTransactionAsync(closing);
                await RunAsync(connection, number, group);
                committing = true;
                // Never cancelled: nobody could tell whether it happened.
                await transaction.CommitAsync(CancellationToken.None);
                Committed(number);
                return true;
            }
            catch (DbException failure) when (!committing && group.Count > 1 && _connection is { } open && PostgresFailures.IsSlow(failure, open))
            {
                // Too much for one command's time; less at once may do.
                return false;
            }
            catch (Exception failure) when (PostgresFailures.IsAway(failure) || (committing && (failure is not PostgresException || _connection is { State: not ConnectionState.Open })))
            {
                presence.NoticeAway(failure);
                await DropConnectionAsync();
            }
            catch (Exception failure) when (PostgresFailures.IsCollision(failure) || PostgresFailures.IsOutdated(failure))
            {
                // Rolled back; once more.
            }
            catch (OperationCanceledException) when (closing.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception) when (group.Count > 1)
            {
                return false;
            }
            catch (Exception failure)
            {
                // A failure of the work itself is its caller's.
                group[0].Failure = failure is DbException ? PostgresFailures.Explain(name, "written", failure) : failure;
                _problem = group[0].Failure is StoreException { Full: true } full ? full.Message : null;
                return true;
            }

            await presence.WaitAsync(tries, closing);
        }
    }

    private async ValueTask RunAsync(DbConnection connection, long number, IReadOnlyList<QueuedWrite> group)
    {
        var mark = SqlStatement.Change(
            "UPDATE writers SET commits = @number, seen_at = @now WHERE writer = @writer", ("@number", number), ("@now", Now()), ("@writer", _writer));
        List<SqlStatement> together = [mark];
        var length = 0L;
        foreach (var write in group)
        {
            if (write.Statements is { } statements)
            {
                together.AddRange(statements);
                length += statements.Sum(statement => statement.Length);
            }

            if (write.Statements is null || length > MostTogether)
            {
                await SqlStatement.RunAsync(connection, together);
                together.Clear();
                length = 0;
            }

            if (write.Statements is null)
            {
                await write.RunAsync(connection);
            }
        }

        await SqlStatement.RunAsync(connection, together);
        if (mark.Count == 0)
        {
            throw new IOException("This writer's row has been removed from the table writers");
        }
    }

    private async Task<DbConnection> ConnectAsync()
    {
        var connection = await source.OpenConnectionAsync(closing);
        try
        {
            // There before the first transaction that changes it: a row that is not there cannot be waited for.
            await connection.ExecuteAsync("DELETE FROM writers WHERE seen_at < @old", ("@old", Now() - (long)WriterKept.TotalMilliseconds));
            await connection.ExecuteAsync(
                "INSERT INTO writers (writer, commits, seen_at) VALUES (@writer, @commits, @now) ON CONFLICT (writer) DO NOTHING",
                ("@writer", _writer), ("@commits", _lastCommit), ("@now", Now()));
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>The number of this writer's last transaction that counts. Waits for one that the server has not ended yet.</summary>
    private async ValueTask<long> LastCommitAsync(DbConnection connection) =>
        await connection.ScalarAsync<long>("SELECT commits FROM writers WHERE writer = @writer FOR UPDATE", ("@writer", _writer));

    private void Committed(long number)
    {
        _lastCommit = number;
        _problem = null;
        presence.NoticeBack(wrote: true);
    }

    private async ValueTask DropConnectionAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
