using Exai.Core.Admission.Shares;
using Exai.Core.Calls;
using Exai.Core.Storage;
using Exai.Core.Storage.Blobs;
using Exai.Core.Storage.Postgres;
using Exai.Core.Storage.Sql;
using Exai.Core.Storage.Sqlite;
using Exai.Settings;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon;

/// <summary>What the daemon keeps its state in, and what people should know of how it is.</summary>
internal sealed class DaemonStore
{
    private readonly string? _setAside;

    private DaemonStore(IDatabase database, IBlobStore blobs, Task<string> unusable, string? setAside = null)
    {
        (Database, Blobs, Unusable, _setAside) = (database, blobs, unusable, setAside);
    }

    /// <summary>What daemons on other machines say; null when none shares the store.</summary>
    public ICallNews? News { get; private init; }

    /// <summary>Where the daemons on this store share out the limits; null when none shares it.</summary>
    /// <param name="liveness">Asked about nothing else.</param>
    public IPermitShares? Shares(CallOwner owner, IOwnerLiveness liveness) =>
        Database is PostgresDatabase shared ? new PostgresShares(shared, owner, liveness, News as PostgresNews) : null;

    /// <summary>Calls back when another daemon or a command says that the named tokens have changed; never where nobody shares the store.</summary>
    public void TokensChanged(Action look)
    {
        if (News is PostgresNews news)
        {
            news.TokensChanged += look;
        }
    }

    public IDatabase Database { get; }

    /// <summary>The bytes of files that calls name.</summary>
    public IBlobStore Blobs { get; }

    /// <summary>Completes with the reason when the store turns out to be of no use while it is open, and the next daemon has been told.</summary>
    public Task<string> Unusable { get; }

    public IReadOnlyList<string> Problems =>
    [
        .. Database.Problem is { } problem ? [problem] : (string[])[],
        .. _setAside is null ? [] : (string[])[$"The database was damaged and has been set aside as {_setAside}. Threads and unclaimed results from before it are in that file only."],
    ];

    /// <summary>A file is there or it fails; a server that is away is waited for, by whoever needs it.</summary>
    /// <param name="alone">No other daemon of this home has the store open, so a damaged file may be replaced.</param>
    /// <exception cref="StoreException">It cannot be opened.</exception>
    public static async Task<DaemonStore> OpenAsync(ExaiSettings settings, bool alone, TimeProvider time, ILogger logger)
    {
        if (settings.Store.Server is { } server)
        {
            var shared = await PostgresDatabase.OpenAsync(server, time, logger);
            return new DaemonStore(shared, new PostgresBlobs(shared, time), shared.Unusable) { News = new PostgresNews(server, time) };
        }

        var path = settings.Store.Path;
        var (database, setAside) = alone
            ? DamagedDatabase.OpenOrReplace(path, settings.Store.FullSync, ours: path == settings.Home.Database, time)
            : (SqliteDatabase.Open(path, settings.Store.FullSync), null);
        if (setAside is not null)
        {
            StoreEvents.SetAside(logger, path, setAside);
        }

        return new DaemonStore(database, new BlobStore(settings.Home.BlobsDirectory, time), MarkAsync(database, path), setAside);
    }

    private static async Task<string> MarkAsync(SqliteDatabase database, string path)
    {
        var reason = await database.Unusable;
        try
        {
            DamagedDatabase.MarkDamaged(path, reason);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next daemon meets the damage by itself.
        }

        return reason;
    }
}

/// <summary>What the daemon writes to the log about its store. Event ids 1320–1329.</summary>
internal static partial class StoreEvents
{
    [LoggerMessage(1320, LogLevel.Error, "The database {Path} was damaged; it has been set aside as {Aside}, and a new one begun")]
    public static partial void SetAside(ILogger logger, string path, string aside);
}
