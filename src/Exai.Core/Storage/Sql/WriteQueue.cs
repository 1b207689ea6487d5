using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>
/// Writes wait here for the next commit, and one commit takes all that have gathered, in the order in which they came. Whoever comes while nothing
/// is being committed commits at once, on its own thread: waking another one for it, and being woken by it, takes longer than the commit of a file.
/// </summary>
/// <param name="commit">Commits a group and ends each of its writes; throws nothing. Never two groups at once.</param>
/// <param name="largestGroup">Writes in one commit.</param>
internal sealed class WriteQueue(Func<List<QueuedWrite>, Task> commit, int largestGroup)
{
    private readonly Lock _lock = new();
    private readonly Queue<QueuedWrite> _waiting = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _committing;
    private bool _closed;

    /// <exception cref="StoreException">It was not written.</exception>
    public ValueTask<T> WriteAsync<T>(Func<DbConnection, ValueTask<T>> work, CancellationToken cancellationToken) => WriteAsync(new QueuedWrite<T>(work), cancellationToken);

    /// <inheritdoc cref="WriteAsync{T}(Func{DbConnection, ValueTask{T}}, CancellationToken)"/>
    public Task WriteAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken) =>
        WriteAsync(new QueuedStatements(statements), cancellationToken).AsTask();

    /// <summary>The same, never on the caller's thread.</summary>
    public Task WriteAsideAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken) =>
        WriteAsync(new QueuedStatements(statements), cancellationToken, aside: true).AsTask();

    /// <summary>Takes no more; completes when what is queued has been committed.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _closed = true;
            if (!_committing)
            {
                _drained.TrySetResult();
            }
        }

        return _drained.Task;
    }

    private async ValueTask<T> WriteAsync<T>(QueuedWrite<T> write, CancellationToken cancellationToken, bool aside = false)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Enqueue(write))
        {
            // Owned: closing waits for it.
            _ = CommitAllAsync(aside);
        }

        // Once queued it will be written: a caller that gave up must not leave it unknown whether it was.
        return await write.Completion;
    }

    /// <summary>True when nothing is being committed, so that the caller has to.</summary>
    private bool Enqueue(QueuedWrite write)
    {
        lock (_lock)
        {
            if (_closed)
            {
                throw new StoreException("The store is closed.", full: false);
            }

            _waiting.Enqueue(write);
            return !_committing && (_committing = true);
        }
    }

    private async Task CommitAllAsync(bool aside)
    {
        if (aside)
        {
            await Task.Yield();
        }

        var group = new List<QueuedWrite>();
        for (var first = true; TakeGroup(group); first = false)
        {
            if (!first)
            {
                // Its own write is done: whoever came first need not commit for all who came after it.
                await Task.Yield();
            }

            await commit(group);
            group.Clear();
        }
    }

    /// <summary>False when nothing waits any more: the next write is committed by whoever brings it.</summary>
    private bool TakeGroup(List<QueuedWrite> group)
    {
        lock (_lock)
        {
            while (group.Count < largestGroup && _waiting.TryDequeue(out var write))
            {
                group.Add(write);
            }

            _committing = group.Count > 0;
            if (!_committing && _closed)
            {
                _drained.TrySetResult();
            }

            return _committing;
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
