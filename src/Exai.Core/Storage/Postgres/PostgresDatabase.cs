using System.Data.Common;
using Exai.Core.Storage.Sql;
using Exai.Settings;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Storage.Postgres;

/// <summary>
/// A PostgreSQL database: one writer that commits what has gathered since its last commit in one transaction, and a pool of readers. While the
/// server cannot be reached, at the start or later, reads and writes wait for it and nothing is lost.
/// </summary>
public sealed class PostgresDatabase : IDatabase
{
    /// <summary>Small enough for a transaction of milliseconds: others wait for the rows that it changes.</summary>
    private const int LargestGroup = 64;

    /// <summary>A read that took too long so often, at a server that is there, takes too long by itself.</summary>
    private const int MostSlowReads = 3;

    /// <summary>How long the end of a daemon waits for a server that is away.</summary>
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(5);

    private readonly DbDataSource _source;
    private readonly TimeProvider _time;
    private readonly PostgresPresence _presence;
    private readonly PostgresWriter _writer;
    private readonly WriteQueue _writes;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource<string> _unusable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly Task _opening;
    private volatile string? _refused;
    private ITimer? _patience;

    private PostgresDatabase(DbDataSource source, string name, TimeProvider time, ILogger logger, Exception? notThere)
    {
        (_source, Name, _time) = (source, name, time);
        _presence = new PostgresPresence(source, name, time, logger);
        _writer = new PostgresWriter(source, name, _presence, time, _closing.Token);
        if (notThere is not null)
        {
            _presence.NoticeAway(notThere);
        }

        _opening = notThere is null ? Task.CompletedTask : OpenLaterAsync();
        _writes = new WriteQueue(CommitAsync, LargestGroup);
    }

    public SqlDialect Dialect => SqlDialect.Postgres;

    public string Name { get; }

    public string? Problem => _refused ?? _presence.Away ?? _writer.Problem;

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

    public Task WriteAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken) => _writes.WriteAsync(statements, cancellationToken);

    public Task WriteAsideAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken) => _writes.WriteAsideAsync(statements, cancellationToken);

    public ValueTask<T> ReadAsync<T>(Func<DbConnection, ValueTask<T>> work, CancellationToken cancellationToken) => AloneAsync(work, cancellationToken);

    /// <summary>
    /// Runs <paramref name="work"/> beside the writer, on a connection of its own; what it changes it commits itself. It may run again when nobody knows whether
    /// it happened, so twice has to come to the same as once.
    /// </summary>
    /// <exception cref="StoreException">It was refused, took too long three times, or the store is closed.</exception>
    internal async ValueTask<T> AloneAsync<T>(Func<DbConnection, ValueTask<T>> work, CancellationToken cancellationToken)
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
            return await _presence.WhenThereAsync(
                async () =>
                {
                    await using var connection = await _source.OpenConnectionAsync(either.Token);
                    while (true)
                    {
                        try
                        {
                            return await work(connection);
                        }
                        catch (DbException failure) when (PostgresFailures.IsOutdated(failure))
                        {
                            // Once for each of its statements.
                        }
                        catch (DbException failure) when (PostgresFailures.IsSlow(failure, connection) && ++slow == MostSlowReads)
                        {
                            throw PostgresFailures.Explain(Name, "read in time", failure);
                        }
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
        await _writes.CloseAsync();
        _closing.Cancel();
        await _opening;
        _patience?.Dispose();
        await _writer.DisposeAsync();
        await _source.DisposeAsync();
    }

    private async Task OpenLaterAsync()
    {
        try
        {
            await _presence.WhenThereAsync(
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
            await _writer.CommitAsync(group);
        }
        catch (Exception failure)
        {
            // Whatever it is, each write hears of it: one that does not would wait for ever.
            var reason = failure as StoreException ?? (failure is OperationCanceledException ? Closed() : PostgresFailures.Explain(Name, "written", failure));
            group.ForEach(write => write.Fail(reason));
        }
    }

    private void GiveUpIfAway()
    {
        if (_presence.Away is not null)
        {
            _closing.Cancel();
        }
    }

    private StoreException Closed() => new(_presence.Away ?? "The store is closed.", full: false);
}
