using Microsoft.Data.Sqlite;

namespace Exai.Core.Storage.Sqlite;

/// <summary>
/// A connection that keeps each statement it has once prepared: the stores say the same few over and over, and to prepare one takes
/// longer than to run it. Not thread-safe, like any connection.
/// </summary>
internal sealed class PreparingConnection(string connectionString) : SqliteConnection(connectionString)
{
    private readonly Dictionary<string, SqliteCommand> _idle = new(StringComparer.Ordinal);

    /// <summary>A statement without parameters. It belongs to the caller until it is given back.</summary>
    public SqliteCommand Take(string sql)
    {
        if (!_idle.Remove(sql, out var statement))
        {
            statement = CreateCommand();
        }

        statement.Transaction = Transaction;
        return statement;
    }

    public void GiveBack(SqliteCommand statement)
    {
        statement.Parameters.Clear();
        if (!_idle.TryAdd(statement.CommandText, statement))
        {
            // Two of the same were in use at once.
            statement.Dispose();
        }
    }
}
