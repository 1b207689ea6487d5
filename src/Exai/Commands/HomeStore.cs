using Exai.Core.Storage;
using Exai.Core.Storage.Postgres;
using Exai.Core.Storage.Sql;
using Exai.Core.Storage.Sqlite;
using Exai.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace Exai.Cli.Commands;

/// <summary>The home's store for commands that read and write it themselves, with or without a running daemon.</summary>
internal static class HomeStore
{
    /// <summary>A server is there or says that it is not; a file is there when a daemon or a command has made it.</summary>
    public static bool Exists(ExaiSettings settings) => settings.Store.Server is not null || File.Exists(settings.Store.Path);

    /// <summary>Opens the store, a file that is not there included; what is wrong with it is printed.</summary>
    /// <returns>What <paramref name="work"/> returns, or <see cref="ExitCodes.Failed"/>.</returns>
    public static async Task<int> UseAsync(ExaiSettings settings, Func<IDatabase, Task<int>> work)
    {
        try
        {
            await using var database = await OpenAsync(settings.Store);
            if (database.Problem is { } problem)
            {
                Terminal.Explain(problem);
                return ExitCodes.Failed;
            }

            return await work(database);
        }
        catch (Exception failure) when (failure is StoreException or IOException or UnauthorizedAccessException)
        {
            Terminal.Explain(failure.Message);
            return ExitCodes.Failed;
        }
    }

    private static async Task<IDatabase> OpenAsync(StoreSettings store) => store.Server is { } server
        ? await PostgresDatabase.OpenAsync(server, TimeProvider.System, NullLogger.Instance)
        : SqliteDatabase.Open(store.Path, store.FullSync);
}
