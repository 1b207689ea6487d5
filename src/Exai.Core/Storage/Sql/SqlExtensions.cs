using System.Data;
using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>Short forms of what the stores do over and over. Times are Unix milliseconds, truths 1 and 0. On SQLite nothing here ever waits.</summary>
internal static class SqlExtensions
{
    public static ValueTask<int> ExecuteAsync(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        return ExecuteAsync(connection.Command(sql, parameters));

        static async ValueTask<int> ExecuteAsync(DbCommand command)
        {
            await using (command)
            {
                return await command.ExecuteNonQueryAsync();
            }
        }
    }

    public static ValueTask<T> ScalarAsync<T>(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        return ScalarAsync(connection.Command(sql, parameters));

        static async ValueTask<T> ScalarAsync(DbCommand command)
        {
            await using (command)
            {
                return (T)(await command.ExecuteScalarAsync())!;
            }
        }
    }

    public static ValueTask<List<T>> QueryAsync<T>(
        this DbConnection connection, string sql, Func<DbDataReader, T> map, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        return QueryAsync(connection.Command(sql, parameters), map);

        static async ValueTask<List<T>> QueryAsync(DbCommand command, Func<DbDataReader, T> map)
        {
            await using (command)
            {
                await using var reader = await command.ExecuteReaderAsync();
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
        return FirstAsync(connection.Command(sql, parameters), map);

        static async ValueTask<T?> FirstAsync(DbCommand command, Func<DbDataReader, T> map)
        {
            await using (command)
            {
                await using var reader = await command.ExecuteReaderAsync();
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

    /// <summary>To be disposed of after one use; it may be one that has run before.</summary>
    public static DbCommand Statement(this DbConnection connection, string sql)
    {
        if (connection is IStatementKeeper keeper)
        {
            return keeper.Take(sql);
        }

        var command = connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }

    internal static DbCommand Command(this DbConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = connection.Statement(sql);
        foreach (var (name, value) in parameters)
        {
            command.Parameters.Add(Bind(command.CreateParameter(), name, value));
        }

        return command;
    }

    /// <param name="value">A function is asked when the statement runs, which may be long after the write was queued.</param>
    /// <returns>The parameter.</returns>
    internal static DbParameter Bind(DbParameter parameter, string name, object? value)
    {
        parameter.ParameterName = name;
        if (value is null || value == SqlNull.Number)
        {
            parameter.DbType = value is null ? DbType.String : DbType.Int64;
        }

        parameter.Value = value switch
        {
            null => DBNull.Value,
            _ when value == SqlNull.Number => DBNull.Value,
            bool truth => truth ? 1L : 0L,
            string text => Storable(text),
            Func<long> later => later(),
            _ => value,
        };
        return parameter;
    }

    /// <summary>The characters that one engine or the other cannot keep in a text stand as U+FFFD in both.</summary>
    private static string Storable(string text) => text.AsSpan().Contains('\0') || text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')
        ? string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? "\uFFFD" : rune.ToString()))
        : text;
}
