using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>
/// One database, whichever engine keeps it: the stores' statements run on each, so what a store does is written once. Safe for use from many
/// threads.
/// </summary>
public interface IDatabase : IAsyncDisposable
{
    /// <summary>The words in which its SQL differs.</summary>
    SqlDialect Dialect { get; }

    /// <summary>For people: which database this is, without secrets.</summary>
    string Name { get; }

    /// <summary>Why nothing can be written at present, for people; null when it can.</summary>
    string? Problem { get; }

    /// <summary>Completes with the reason when the database turns out to be of no use to this daemon, whose end is then due.</summary>
    Task<string> Unusable { get; }

    /// <summary>
    /// Runs <paramref name="work"/> in the next commit, with others that came meanwhile. What it throws comes back here and undoes only its own
    /// changes. It is durable when the task completes. It may run again if a commit comes to nothing, so it changes the database only.
    /// </summary>
    /// <param name="cancellationToken">Looked at before the write is queued; a queued write is never given up, for nobody could tell whether it happened.</param>
    /// <exception cref="StoreException">Not written.</exception>
    ValueTask<T> WriteAsync<T>(Func<DbConnection, ValueTask<T>> work, CancellationToken cancellationToken);

    /// <summary>The same for statements that need no answers of each other, which is how most writes should be: they cost a server least.</summary>
    /// <inheritdoc cref="WriteAsync{T}"/>
    Task WriteAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken);

    /// <summary>The same for who has other things to do meanwhile: a file that is locked or a slow disk holds up nothing but the task.</summary>
    /// <inheritdoc cref="WriteAsync{T}"/>
    Task WriteAsideAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellationToken);

    /// <summary>Runs <paramref name="work"/> on a reader of its own. It sees every write whose task had completed.</summary>
    /// <exception cref="StoreException">The store cannot be read or is closed.</exception>
    ValueTask<T> ReadAsync<T>(Func<DbConnection, ValueTask<T>> work, CancellationToken cancellationToken);

    /// <summary>The daemon is about to end: what waits for a server that is away waits for a few seconds more, then fails.</summary>
    void Ending();
}
