using Exai.Core.Storage.Sql;
using Microsoft.Data.Sqlite;

namespace Exai.Core.Storage.Sqlite;

/// <summary>What is said to SQLite alone: pragmas, transactions, steps of the schema.</summary>
internal static class SqliteCommands
{
    public static int Execute(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var statement = new Statement(connection, sql, parameters);
        return statement.Command.ExecuteNonQuery();
    }

    public static T Scalar<T>(this SqliteConnection connection, string sql)
    {
        using var statement = new Statement(connection, sql, []);
        return (T)statement.Command.ExecuteScalar()!;
    }
}
