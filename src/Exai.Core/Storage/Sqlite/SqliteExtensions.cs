using Microsoft.Data.Sqlite;

namespace Exai.Core.Storage.Sqlite;

/// <summary>Short forms of what the stores do over and over. Times are Unix milliseconds.</summary>
internal static class SqliteExtensions
{
    public static int Execute(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var statement = new Statement(connection, sql, parameters);
        return statement.Command.ExecuteNonQuery();
    }

    public static T Scalar<T>(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var statement = new Statement(connection, sql, parameters);
        return (T)statement.Command.ExecuteScalar()!;
    }

    public static List<T> Query<T>(
        this SqliteConnection connection, string sql, Func<SqliteDataReader, T> map, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var statement = new Statement(connection, sql, parameters);
        using var reader = statement.Command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(map(reader));
        }

        return rows;
    }

    public static string Text(this SqliteDataReader reader, string column) => reader.GetString(reader.GetOrdinal(column));

    public static string? TextOrNull(this SqliteDataReader reader, string column) =>
        reader.IsDBNull(reader.GetOrdinal(column)) ? null : reader.Text(column);

    public static long Number(this SqliteDataReader reader, string column) => reader.GetInt64(reader.GetOrdinal(column));

    public static long? NumberOrNull(this SqliteDataReader reader, string column) =>
        reader.IsDBNull(reader.GetOrdinal(column)) ? null : reader.Number(column);

    public static DateTimeOffset Time(this SqliteDataReader reader, string column) =>
        DateTimeOffset.FromUnixTimeMilliseconds(reader.Number(column));

    public static DateTimeOffset? TimeOrNull(this SqliteDataReader reader, string column) =>
        reader.NumberOrNull(column) is { } milliseconds ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;

    /// <summary>A statement with its parameters, for one use.</summary>
    private readonly ref struct Statement
    {
        private readonly PreparingConnection? _keeper;

        public Statement(SqliteConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
        {
            _keeper = connection as PreparingConnection;
            Command = _keeper?.Take(sql) ?? connection.CreateCommand();
            Command.CommandText = sql;
            foreach (var (name, value) in parameters)
            {
                Command.Parameters.AddWithValue(name, value ?? DBNull.Value);
            }
        }

        public SqliteCommand Command { get; }

        public void Dispose()
        {
            if (_keeper is null)
            {
                Command.Dispose();
            }
            else
            {
                _keeper.GiveBack(Command);
            }
        }
    }
}
