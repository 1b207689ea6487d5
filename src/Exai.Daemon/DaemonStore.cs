using Exai.Core.Storage.Sqlite;
using Exai.Settings;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon;

/// <summary>The daemon's database and what people should know of its state.</summary>
internal sealed class DaemonStore
{
    private readonly string? _setAside;

    public DaemonStore(SqliteDatabase database, string path, string? setAside = null)
    {
        Database = database;
        _setAside = setAside;
        Damaged = MarkAsync(path);
    }

    public SqliteDatabase Database { get; }

    /// <summary>Completes with the reason when damage shows while the file is in use, and the next daemon has been told.</summary>
    public Task<string> Damaged { get; }

    public IReadOnlyList<string> Problems =>
    [
        .. Database.Problem is { } problem ? [problem] : (string[])[],
        .. _setAside is null ? [] : (string[])[$"The database was damaged and has been set aside as {_setAside}. Threads and unclaimed results from before it are in that file only."],
    ];

    public static DaemonStore OpenOrReplace(ExaiSettings settings, TimeProvider time, ILogger logger)
    {
        var path = settings.Store.Path;
        var (database, setAside) = DamagedDatabase.OpenOrReplace(path, settings.Store.FullSync, ours: path == settings.Home.Database, time);
        if (setAside is not null)
        {
            StoreEvents.SetAside(logger, path, setAside);
        }

        return new DaemonStore(database, path, setAside);
    }

    private async Task<string> MarkAsync(string path)
    {
        var reason = await Database.Damaged;
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
