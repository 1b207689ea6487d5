using System.Data.Common;
using Exai.Core.Storage.Sql;
using Microsoft.Data.Sqlite;

namespace Exai.Core.Storage.Sqlite;

/// <summary>
/// A connection that keeps each statement it has once prepared: the stores say the same few over and over, and to prepare one takes
/// longer than to run it. Not thread-safe, like any connection.
/// </summary>
internal sealed class PreparingConnection(string connectionString) : SqliteConnection(connectionString), IStatementKeeper
{
    private readonly Dictionary<string, KeptStatement> _idle = new(StringComparer.Ordinal);

    public DbCommand Take(string sql)
    {
        if (!_idle.Remove(sql, out var statement))
        {
            statement = new KeptStatement(sql, this);
        }

        statement.Transaction = Transaction;
        return statement;
    }

    private sealed class KeptStatement(string sql, PreparingConnection keeper) : SqliteCommand(sql, keeper)
    {
        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                Parameters.Clear();
            }

            // Two of the same may have been in use at once: one is kept.
            if (!disposing || keeper.State != System.Data.ConnectionState.Open || !keeper._idle.TryAdd(CommandText, this))
            {
                base.Dispose(disposing);
            }
        }
    }
}
