using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>Short forms of what the stores do over and over. Times are Unix milliseconds, truths 1 and 0. On SQLite nothing here ever waits.</summary>
internal static class SqlExtensions
{
    public static ValueTask<int> ExecuteAsync(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        return ExecuteAsync(new Statement(connection, sql, parameters));

        static async ValueTask<int> ExecuteAsync(Statement statement)
        {
            using (statement)
            {
                return await statement.Command.ExecuteNonQueryAsync();
            }
        }
    }

    public static ValueTask<T> ScalarAsync<T>(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        return ScalarAsync(new Statement(connection, sql, parameters));

        static async ValueTask<T> ScalarAsync(Statement statement)
        {
            using (statement)
            {
                return (T)(await statement.Command.ExecuteScalarAsync())!;
            }
        }
    }

    public static ValueTask<List<T>> QueryAsync<T>(
        this DbConnection connection, string sql, Func<DbDataReader, T> map, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        return QueryAsync(new Statement(connection, sql, parameters), map);

        static async ValueTask<List<T>> QueryAsync(Statement statement, Func<DbDataReader, T> map)
        {
            using (statement)
            {
                await using var reader = await statement.Command.ExecuteReaderAsync();
                var rows = new List<T>();
                while (await reader.ReadAsync())
                {
                    rows.Add(map(reader));
                }

                return rows;
            }
        }
    }

    /// <summary>The first row; null when there is none.</summary>
    public static ValueTask<T?> FirstAsync<T>(
        this DbConnection connection, string sql, Func<DbDataReader, T> map, params ReadOnlySpan<(string Name, object? Value)> parameters)
        where T : class
    {
        return FirstAsync(new Statement(connection, sql, parameters), map);

        static async ValueTask<T?> FirstAsync(Statement statement, Func<DbDataReader, T> map)
        {
            using (statement)
            {
                await using var reader = await statement.Command.ExecuteReaderAsync();
                return await reader.ReadAsync() ? map(reader) : null;
            }
        }
    }

    public static string Text(this DbDataReader reader, string column) => reader.GetString(reader.GetOrdinal(column));

    public static string? TextOrNull(this DbDataReader reader, string column) =>
        reader.IsDBNull(reader.GetOrdinal(column)) ? null : reader.Text(column);

    public static long Number(this DbDataReader reader, string column) => reader.GetInt64(reader.GetOrdinal(column));

    public static long? NumberOrNull(this DbDataReader reader, string column) =>
        reader.IsDBNull(reader.GetOrdinal(column)) ? null : reader.Number(column);

    public static double? FractionOrNull(this DbDataReader reader, string column) =>
        reader.IsDBNull(reader.GetOrdinal(column)) ? null : reader.GetDouble(reader.GetOrdinal(column));

    public static DateTimeOffset Time(this DbDataReader reader, string column) =>
        DateTimeOffset.FromUnixTimeMilliseconds(reader.Number(column));

    public static DateTimeOffset? TimeOrNull(this DbDataReader reader, string column) =>
        reader.NumberOrNull(column) is { } milliseconds ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
}
