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
    private readonly Dictionary<string, SqliteCommand> _idle = new(StringComparer.Ordinal);

    public DbCommand Take(string sql)
    {
        if (!_idle.Remove(sql, out var statement))
        {
            statement = CreateCommand();
            statement.CommandText = sql;
        }

        statement.Transaction = Transaction;
        return statement;
    }

    public void GiveBack(DbCommand statement)
    {
        statement.Parameters.Clear();
        if (!_idle.TryAdd(statement.CommandText, (SqliteCommand)statement))
        {
            // Two of the same were in use at once.
            statement.Dispose();
        }
    }
}
