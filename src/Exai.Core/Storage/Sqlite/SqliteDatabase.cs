using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Exai.Core.Storage.Sqlite;

/// <summary>
/// One SQLite file: one writer that commits what has gathered since its last commit in one transaction, and a few readers.
/// A write is durable against the death of the process when its task completes. Safe for use from many threads.
/// </summary>
/// <remarks>
/// The writer runs SQLite on the thread that wakes it: a commit without a disk flush takes tens of microseconds, and the
/// simulation needs the writer on its own scheduler.
/// </remarks>
public sealed class SqliteDatabase : IAsyncDisposable
{
    private const int LargestGroup = 512;

    private readonly SqliteConnection _writer;
    private readonly Channel<IWrite> _writes = Channel.CreateUnbounded<IWrite>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Stack<SqliteConnection> _readers = new();
    private readonly Lock _readersLock = new();
    private readonly TaskCompletionSource<string> _damaged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _path;
    private readonly string _connectionString;
    private readonly Task _writing;
    private volatile string? _problem;
    private bool _closed;

    private SqliteDatabase(string path, string connectionString, SqliteConnection writer)
    {
        _path = path;
        _connectionString = connectionString;
        _writer = writer;
        _writing = WriteLoopAsync();
    }

    /// <summary>Which SQLite runs, for people: "3.40.1 (system)".</summary>
    public static string LibraryVersion => SqliteLibrary.Load();

    /// <summary>Completes with the reason when damage shows while the file is in use.</summary>
    public Task<string> Damaged => _damaged.Task;

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

    /// <summary>Runs <paramref name="work"/> in the next commit. What it throws comes back here and undoes only its own changes.</summary>
    /// <exception cref="StoreException">Not written.</exception>
    public async ValueTask<T> WriteAsync<T>(Func<SqliteConnection, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var write = new Write<T>(work);
        if (!_writes.Writer.TryWrite(write))
        {
            throw new StoreException("The store is closed.", full: false);
        }

        // Once queued it will be written: a caller that gave up must not leave it unknown whether it was.
        return await write.Completion;
    }

    /// <summary>Runs <paramref name="work"/> on a reader of its own. It sees every write whose task had completed.</summary>
    /// <exception cref="StoreException">The store cannot be read or is closed.</exception>
    public T Read<T>(Func<SqliteConnection, T> work)
    {
        SqliteConnection? reader = null;
        var usable = true;
        try
        {
            reader = TakeReader();
            return work(reader);
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

    /// <summary>Writes what is queued, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _writing;
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

    private async Task WriteLoopAsync()
    {
        var group = new List<IWrite>();
        while (await _writes.Reader.WaitToReadAsync())
        {
            while (group.Count < LargestGroup && _writes.Reader.TryRead(out var write))
            {
                group.Add(write);
            }

            CommitGroup(group);
            group.Clear();
        }
    }

    private void CommitGroup(List<IWrite> group)
    {
        try
        {
            _writer.Execute("BEGIN IMMEDIATE");
            foreach (var write in group)
            {
                _writer.Execute("SAVEPOINT one");
                write.Run(_writer);
                _writer.Execute(write.Failed ? "ROLLBACK TO one; RELEASE one" : "RELEASE one");
            }

            _writer.Execute("COMMIT");
        }
        catch (Exception failure)
        {
            // The loop outlives every failure: a writer that is gone would leave all later writes waiting.
            TryRollBack();
            var reason = Noticed(SqliteFailures.Explain(_path, "written", failure));
            _problem = reason.Message;
            group.ForEach(write => write.Fail(reason));
            return;
        }

        _problem = null;
        group.ForEach(write => write.Complete());
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

    private interface IWrite
    {
        bool Failed { get; }

        void Run(SqliteConnection connection);

        void Complete();

        void Fail(StoreException reason);
    }

    private sealed class Write<T>(Func<SqliteConnection, T> work) : IWrite
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _failure;

        public Task<T> Completion => _done.Task;

        public bool Failed => _failure is not null;

        public void Run(SqliteConnection connection)
        {
            try
            {
                _result = work(connection);
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
                _failure = failure is SqliteException ? new StoreException($"The store refused a write: {failure.Message}", full: false, failure) : failure;
            }
        }

        public void Complete()
        {
            if (_failure is null)
            {
                _done.SetResult(_result!);
            }
            else
            {
                _done.SetException(_failure);
            }
        }

        public void Fail(StoreException reason) => _done.SetException(_failure ?? reason);
    }
}
