using System.Data;
using System.Data.Common;
using Exai.Core.Storage.Sql;
using Exai.Core.Telemetry;
using Exai.Settings;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Exai.Core.Storage.Postgres;

/// <summary>
/// A PostgreSQL database: one writer that commits what has gathered since its last commit in one transaction, and a pool of readers. While the
/// server cannot be reached, at the start or later, reads and writes wait for it and nothing is lost.
/// </summary>
/// <remarks>
/// A connection that breaks during a commit leaves it unknown whether that happened. Each transaction therefore begins by writing its number into
/// this writer's row of <c>writers</c>; the row, read again under its lock, tells whether the transaction counts or has to be run again.
/// </remarks>
public sealed class PostgresDatabase : IDatabase
{
    /// <summary>Small enough for a transaction of milliseconds: others wait for the rows that it changes.</summary>
    private const int LargestGroup = 64;

    /// <summary>A read that took too long so often, at a server that is there, takes too long by itself.</summary>
    private const int MostSlowReads = 3;

    /// <summary>How long the end of a daemon waits for a server that is away.</summary>
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    /// <summary>A writer that has written nothing for so long begins its row anew.</summary>
    private static readonly TimeSpan WriterKept = TimeSpan.FromDays(7);

    private readonly DbDataSource _source;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WriteQueue _writes;
    private readonly CancellationTokenSource _closing = new();
    private readonly string _writer = Guid.NewGuid().ToString();
    private readonly TaskCompletionSource<string> _unusable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly Task _opening;
    private readonly Task _writing;
    private DbConnection? _connection;
    private long _lastCommit;
    private long _lastNumber;
    private volatile string? _away;
    private volatile string? _problem;
    private volatile string? _refused;
    private DateTimeOffset _awaySince;
    private bool _takesNoWrites;
    private ITimer? _patience;

    private PostgresDatabase(DbDataSource source, string name, TimeProvider time, ILogger logger, Exception? notThere)
    {
        (_source, Name, _time, _logger) = (source, name, time, logger);
        if (notThere is not null)
        {
            NoticeAway(notThere);
        }

        _opening = notThere is null ? Task.CompletedTask : OpenLaterAsync();
        _writes = new WriteQueue(CommitAsync, LargestGroup);
        _writing = _writes.RunAsync();
    }

    public SqlDialect Dialect => SqlDialect.Postgres;

    public string Name { get; }

    public string? Problem => _refused ?? _away ?? _problem;

    /// <summary>Completes when the server was away at the start and turns out to hold a newer schema.</summary>
    public Task<string> Unusable => _unusable.Task;

    /// <summary>Connects and brings the tables up to date. A server that cannot be reached is waited for by whoever reads or writes, not here.</summary>
    /// <exception cref="StoreException">The server refuses, or the database is newer than this program.</exception>
    public static Task<PostgresDatabase> OpenAsync(PostgresAddress address, TimeProvider time, ILogger logger) =>
        OpenAsync(PostgresConnections.Open(address), address.ToString(), time, logger);

    /// <param name="source">Disposed with the database.</param>
    internal static async Task<PostgresDatabase> OpenAsync(DbDataSource source, string name, TimeProvider time, ILogger logger)
    {
        Exception? notThere = null;
        try
        {
            await using var connection = await source.OpenConnectionAsync();
            await PostgresSchema.MigrateAsync(connection, name);
        }
        catch (Exception failure) when (PostgresFailures.IsAway(failure))
        {
            notThere = failure;
        }
        catch (Exception failure)
        {
            await source.DisposeAsync();
            throw failure as StoreException ?? PostgresFailures.Explain(name, "opened", failure);
        }

        return new PostgresDatabase(source, name, time, logger, notThere);
    }

    public ValueTask<T> WriteAsync<T>(Func<DbConnection, ValueTask<T>> work, CancellationToken cancellationToken) => _writes.WriteAsync(work, cancellationToken);

    public async ValueTask<T> ReadAsync<T>(Func<DbConnection, ValueTask<T>> work, CancellationToken cancellationToken)
    {
        if (_closing.IsCancellationRequested)
        {
            throw Closed();
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        var slow = 0;
        try
        {
            await WhenOpenAsync(either.Token);
            return await WhenThereAsync(
                async () =>
                {
                    await using var connection = await _source.OpenConnectionAsync(either.Token);
                    try
                    {
                        return await work(connection);
                    }
                    catch (DbException failure) when (PostgresFailures.IsSlow(failure, connection) && ++slow == MostSlowReads)
                    {
                        throw PostgresFailures.Explain(Name, "read in time", failure);
                    }
                },
                either.Token);
        }
        catch (DbException failure)
        {
            throw PostgresFailures.Explain(Name, "read", failure);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Closed();
        }
    }

    /// <summary>
    /// Runs one statement, on a connection of its own and committed by itself. It may run again when nobody knows whether it happened, so twice has
    /// to come to the same as once.
    /// </summary>
    /// <exception cref="StoreException">It was refused.</exception>
    internal ValueTask<int> AloneAsync(Func<DbConnection, ValueTask<int>> statement, CancellationToken cancellationToken) => ReadAsync(statement, cancellationToken);

    public void Ending()
    {
        lock (_lock)
        {
            _patience ??= _time.CreateTimer(_ => GiveUpIfAway(), null, ClosePatience, ClosePatience);
        }
    }

    /// <summary>Writes what is queued, unless the server stays away, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        Ending();
        _writes.Close();
        await _writing;
        _closing.Cancel();
        await _opening;
        _patience?.Dispose();
        await DropConnectionAsync();
        await _source.DisposeAsync();
    }

    private async Task OpenLaterAsync()
    {
        try
        {
            await WhenThereAsync(
                async () =>
                {
                    await using var connection = await _source.OpenConnectionAsync(_closing.Token);
                    await PostgresSchema.MigrateAsync(connection, Name);
                    return true;
                },
                _closing.Token);
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
        catch (Exception failure)
        {
            _refused = (failure as StoreException ?? PostgresFailures.Explain(Name, "opened", failure)).Message;
            _unusable.TrySetResult(_refused);
        }
    }

    /// <summary>Tries until the server is there.</summary>
    private async Task<T> WhenThereAsync<T>(Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                var result = await attempt();
                NoticeBack(wrote: false);
                return result;
            }
            catch (Exception failure) when (PostgresFailures.IsAway(failure))
            {
                NoticeAway(failure);
            }

            await WaitAsync(tries, cancellationToken);
        }
    }

    /// <summary>The tables are up to date.</summary>
    /// <exception cref="StoreException">The database turned out to be of no use.</exception>
    private async Task WhenOpenAsync(CancellationToken cancellationToken)
    {
        if (!_opening.IsCompleted)
        {
            await _opening.WaitAsync(cancellationToken);
        }

        if (_refused is { } refused)
        {
            throw new StoreException(refused, full: false);
        }
    }

    private async Task CommitAsync(List<QueuedWrite> group)
    {
        try
        {
            await WhenOpenAsync(_closing.Token);
            if (!await TryCommitAsync(group))
            {
                // Something in it was refused, and the rest with it: each by itself, so that only what is wrong fails.
                foreach (var write in group)
                {
                    await TryCommitAsync([write]);
                }
            }

            group.ForEach(write => write.Complete());
        }
        catch (Exception failure)
        {
            // The loop outlives every failure: a writer that is gone would leave all later writes waiting.
            var reason = failure as StoreException ?? (failure is OperationCanceledException ? Closed() : PostgresFailures.Explain(Name, "written", failure));
            group.ForEach(write => write.Fail(reason));
        }
    }

    /// <summary>
    /// Commits the group, however often the connection breaks. A single write that is refused has its failure then; of several that are refused
    /// together nothing is written, and the answer is false.
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

                await using var transaction = await connection.BeginTransactionAsync(_closing.Token);
                var marked = await connection.ExecuteAsync(
                    "UPDATE writers SET commits = @number, seen_at = @now WHERE writer = @writer", ("@number", number), ("@now", Now()), ("@writer", _writer));
                if (marked == 0)
                {
                    throw new IOException("This writer's row has been removed from the table writers");
                }

                foreach (var write in group)
                {
                    await write.RunAsync(connection);
                }

                committing = true;
                // Never cancelled: nobody could tell whether it happened.
                await transaction.CommitAsync(CancellationToken.None);
                Committed(number);
                return true;
            }
            catch (Exception failure) when (PostgresFailures.IsAway(failure) || (committing && (failure is not PostgresException || _connection is { State: not ConnectionState.Open })))
            {
                NoticeAway(failure);
                await DropConnectionAsync();
            }
            catch (Exception failure) when (PostgresFailures.IsCollision(failure))
            {
                // Rolled back; once more.
            }
            catch (OperationCanceledException) when (_closing.IsCancellationRequested)
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
                group[0].Failure = failure is DbException ? PostgresFailures.Explain(Name, "written", failure) : failure;
                _problem = group[0].Failure is StoreException { Full: true } full ? full.Message : null;
                return true;
            }

            await WaitAsync(tries, _closing.Token);
        }
    }

    private async Task<DbConnection> ConnectAsync()
    {
        var connection = await _source.OpenConnectionAsync(_closing.Token);
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
        NoticeBack(wrote: true);
    }

    private async ValueTask DropConnectionAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private Task WaitAsync(int tries, CancellationToken cancellationToken)
    {
        var wait = FirstWait * Math.Pow(2, Math.Min(tries, 10));
        return Task.Delay(wait < LongestWait ? wait : LongestWait, _time, cancellationToken);
    }

    private void NoticeAway(Exception failure)
    {
        // What is pooled leads to a server that was there before.
        (_source as NpgsqlDataSource)?.Clear();
        var reason = PostgresFailures.Reason(failure);
        lock (_lock)
        {
            _takesNoWrites = failure is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };
            if (_away is null)
            {
                _awaySince = _time.GetUtcNow();
                StoreLog.Away(_logger, Name, reason);
            }

            _away = $"The database {Name} cannot be reached since {_awaySince:HH:mm:ss} UTC: {reason}. Calls are held until it is there; look at the server, or at EXAI_STORE.";
        }
    }

    private void NoticeBack(bool wrote)
    {
        if (_away is null)
        {
            return;
        }

        lock (_lock)
        {
            if (_away is not null && (wrote || !_takesNoWrites))
            {
                _away = null;
                StoreLog.Back(_logger, Name, (_time.GetUtcNow() - _awaySince).TotalSeconds);
            }
        }
    }

    private void GiveUpIfAway()
    {
        if (_away is not null)
        {
            _closing.Cancel();
        }
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private StoreException Closed() => new(_away ?? "The store is closed.", full: false);
}
