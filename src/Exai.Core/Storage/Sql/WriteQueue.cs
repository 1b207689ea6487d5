using System.Data.Common;
using System.Threading.Channels;

namespace Exai.Core.Storage.Sql;

/// <summary>
/// Writes wait here for the next commit, and one commit takes all that have gathered. They are committed in the order in which they came, on the
/// thread that wakes the queue.
/// </summary>
/// <param name="commit">Commits a group and ends each of its writes; throws nothing.</param>
/// <param name="largestGroup">Writes in one commit.</param>
internal sealed class WriteQueue(Func<List<QueuedWrite>, Task> commit, int largestGroup)
{
    private readonly Channel<QueuedWrite> _writes = Channel.CreateUnbounded<QueuedWrite>(new UnboundedChannelOptions { SingleReader = true });

    /// <exception cref="StoreException">It was not written.</exception>
    public ValueTask<T> WriteAsync<T>(Func<DbConnection, ValueTask<T>> work, CancellationToken cancellationToken) => WriteAsync(new QueuedWrite<T>(work), cancellationToken);

    /// <inheritdoc cref="WriteAsync{T}(Func{DbConnection, ValueTask{T}}, CancellationToken)"/>
    public Task WriteAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken) =>
        WriteAsync(new QueuedStatements(statements), cancellationToken).AsTask();

    private async ValueTask<T> WriteAsync<T>(QueuedWrite<T> write, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_writes.Writer.TryWrite(write))
        {
            throw new StoreException("The store is closed.", full: false);
        }

        // Once queued it will be written: a caller that gave up must not leave it unknown whether it was.
        return await write.Completion;
    }

    /// <summary>Takes no more; <see cref="RunAsync"/> ends when what is queued has been committed.</summary>
    public void Close() => _writes.Writer.TryComplete();

    public async Task RunAsync()
    {
        var group = new List<QueuedWrite>();
        while (await _writes.Reader.WaitToReadAsync())
        {
            while (group.Count < largestGroup && _writes.Reader.TryRead(out var write))
            {
                group.Add(write);
            }

            await commit(group);
            group.Clear();
        }
    }
}

/// <summary>A write that waits for its commit.</summary>
internal abstract class QueuedWrite
{
    /// <summary>Why it was refused; its group may be written without it.</summary>
    public Exception? Failure { get; set; }

    /// <summary>What its work is, if it can be run with that of others.</summary>
    public virtual IReadOnlyList<SqlStatement>? Statements => null;

    /// <summary>Does its work, once more if an earlier try was rolled back.</summary>
    public abstract ValueTask RunAsync(DbConnection connection);

    /// <summary>It is committed: tells the caller the result, or <see cref="Failure"/>.</summary>
    public abstract void Complete();

    /// <summary>It was not committed, unless that was told before.</summary>
    public void Fail(StoreException reason)
    {
        Failure ??= reason;
        Complete();
    }
}

/// <inheritdoc/>
internal class QueuedWrite<T>(Func<DbConnection, ValueTask<T>> work) : QueuedWrite
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Completion => _done.Task;

    public override async ValueTask RunAsync(DbConnection connection) => _result = await work(connection);

    public override void Complete()
    {
        if (Failure is null)
        {
            _done.TrySetResult(_result!);
        }
        else
        {
            _done.TrySetException(Failure);
        }
    }
}

/// <inheritdoc/>
internal sealed class QueuedStatements(IReadOnlyList<SqlStatement> statements) : QueuedWrite<bool>(
    async connection =>
    {
        await SqlStatement.RunAsync(connection, statements);
        return true;
    })
{
    public override IReadOnlyList<SqlStatement> Statements => statements;
}
