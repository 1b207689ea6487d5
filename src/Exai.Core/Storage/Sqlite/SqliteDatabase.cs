using System.Data.Common;
using Exai.Core.Storage.Sql;
using Microsoft.Data.Sqlite;

namespace Exai.Core.Storage.Sqlite;

/// <summary>
/// One SQLite file: one writer that commits what has gathered since its last commit in one transaction, and a few readers.
/// A write is durable against the death of the process when its task completes.
/// </summary>
/// <remarks>
/// SQLite runs on the thread of whoever writes: a commit without a disk flush takes tens of microseconds.
/// </remarks>
public sealed class SqliteDatabase : IDatabase
{
    private const int LargestGroup = 512;

    private readonly SqliteConnection _writer;
    private readonly WriteQueue _writes;
    private readonly Stack<SqliteConnection> _readers = new();
    private readonly Lock _readersLock = new();
    private readonly TaskCompletionSource<string> _damaged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _path;
    private readonly string _connectionString;
    private volatile string? _problem;
    private bool _closed;

    private SqliteDatabase(string path, string connectionString, SqliteConnection writer)
    {
        _path = path;
        _connectionString = connectionString;
        _writer = writer;
        _writes = new WriteQueue(CommitAsync, LargestGroup);
    }

    /// <summary>Which SQLite runs, for people: "3.40.1 (system)".</summary>
    public static string LibraryVersion => SqliteLibrary.Load();

    public SqlDialect Dialect => SqlDialect.Sqlite;

    public string Name => _path;

    /// <summary>Completes with the reason when damage shows while the file is in use.</summary>
    public Task<string> Unusable => _damaged.Task;

    /// <summary>Why the last commit failed, for people; null when it did not.</summary>
    public string? Problem => _problem;

    /// <summary>Opens or makes the file and brings its tables up to date.</summary>
    /// <param name="path">The database file; its folder exists.</param>
    /// <param name="fullSync">True flushes to disk at each commit: survives a power cut, costs time.</param>
    /// <exception cref="StoreException">The file cannot be opened, is no database, or is newer than this program.</exception>
    public static SqliteDatabase Open(string path, bool fullSync)
    {
        SqliteLibrary.Load();
        // Without the library's pool, which keeps files open behind a refusal and hands broken connections out again.
        var connectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 10, Pooling = false }.ToString();
        SqliteConnection? writer = null;
        try
        {
            writer = Connect(connectionString);
            writer.Execute("PRAGMA journal_mode = WAL");
            writer.Execute($"PRAGMA synchronous = {(fullSync ? "FULL" : "NORMAL")}");
            SqliteSchema.Migrate(writer, path);
            return new SqliteDatabase(path, connectionString, writer);
        }
        catch (Exception failure) when (failure is SqliteException or IOException or UnauthorizedAccessException)
        {
            writer?.Dispose();
            throw SqliteFailures.Explain(path, "opened", failure);
        }
        catch (StoreException)
        {
            writer?.Dispose();
            throw;
        }
    }

    public ValueTask<T> WriteAsync<T>(Func<DbConnection, ValueTask<T>> work, CancellationToken cancellationToken) => _writes.WriteAsync(work, cancellationToken);

    public Task WriteAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken) => _writes.WriteAsync(statements, cancellationToken);

    public Task WriteAsideAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken) => _writes.WriteAsideAsync(statements, cancellationToken);

    public async ValueTask<T> ReadAsync<T>(Func<DbConnection, ValueTask<T>> work, CancellationToken cancellationToken)
    {
        SqliteConnection? reader = null;
        var usable = true;
        try
        {
            reader = TakeReader();
            return await work(reader);
        }
        catch (SqliteException failure)
        {
            usable = false;
            throw Noticed(SqliteFailures.Explain(_path, "read", failure));
        }
        finally
        {
            GiveBack(reader, usable);
        }
    }

    public void Ending()
    {
        // A file is never waited for.
    }

    /// <summary>Writes what is queued, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _writes.CloseAsync();
        lock (_readersLock)
        {
            _closed = true;
            while (_readers.TryPop(out var reader))
            {
                reader.Dispose();
            }
        }

        _writer.Dispose();
    }

    private SqliteConnection TakeReader()
    {
        lock (_readersLock)
        {
            if (_closed)
            {
                throw new StoreException("The store is closed.", full: false);
            }

            if (_readers.TryPop(out var reader))
            {
                return reader;
            }
        }

        return Connect(_connectionString);
    }

    private void GiveBack(SqliteConnection? reader, bool usable)
    {
        lock (_readersLock)
        {
            if (usable && !_closed && reader is not null)
            {
                _readers.Push(reader);
                return;
            }
        }

        reader?.Dispose();
    }

    private static SqliteConnection Connect(string connectionString)
    {
        var connection = new PreparingConnection(connectionString);
        try
        {
            connection.Open();
            connection.Execute("PRAGMA foreign_keys = ON");
            connection.Execute("PRAGMA busy_timeout = 10000");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private async Task CommitAsync(List<QueuedWrite> group)
    {
        try
        {
            _writer.Execute("BEGIN IMMEDIATE");
            if (group is [var alone])
            {
                await RunAsync(alone);
                _writer.Execute(alone.Failure is null ? "COMMIT" : "ROLLBACK");
            }
            else
            {
                foreach (var write in group)
                {
                    _writer.Execute("SAVEPOINT one");
                    await RunAsync(write);
                    _writer.Execute(write.Failure is null ? "RELEASE one" : "ROLLBACK TO one; RELEASE one");
                }

                _writer.Execute("COMMIT");
            }
        }
        catch (Exception failure)
        {
            // Whatever it is, each write hears of it: one that does not would wait for ever.
            TryRollBack();
            var reason = Noticed(SqliteFailures.Explain(_path, "written", failure));
            _problem = reason.Message;
            group.ForEach(write => write.Fail(reason));
            return;
        }

        _problem = null;
        group.ForEach(write => write.Complete());
    }

    private async ValueTask RunAsync(QueuedWrite write)
    {
        try
        {
            await write.RunAsync(_writer);
        }
        catch (SqliteException failure) when (failure.SqliteErrorCode is SQLitePCL.raw.SQLITE_FULL or SQLitePCL.raw.SQLITE_IOERR or SQLitePCL.raw.SQLITE_CORRUPT
            or SQLitePCL.raw.SQLITE_NOTADB or SQLitePCL.raw.SQLITE_READONLY)
        {
            // SQLite may have ended the transaction of the whole group.
            throw;
        }
        catch (Exception failure)
        {
            // Whatever this write did wrong must not undo the others of its group.
            write.Failure = failure is SqliteException ? new StoreException($"The store refused a write: {failure.Message}", full: false, failure) : failure;
        }
    }

    private void TryRollBack()
    {
        try
        {
            _writer.Execute("ROLLBACK");
        }
        catch (Exception)
        {
            // SQLite had rolled back by itself; if it had not, the next BEGIN says so.
        }
    }

    private StoreException Noticed(StoreException failure)
    {
        if (failure.Damaged)
        {
            _damaged.TrySetResult(failure.Message);
        }

        return failure;
    }
}
