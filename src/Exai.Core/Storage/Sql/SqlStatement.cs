using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>
/// A statement of a write that needs no answer of the one before it. A server gets all of them at once, with those of other writes: to wait for each answer by
/// itself costs more than most statements do. What it came to stands in it when its write has completed; it is run once more, and stands there anew, if a commit
/// comes to nothing.
/// </summary>
public abstract class SqlStatement
{
    private readonly string _sql;
    private readonly (string Name, object? Value)[] _parameters;

    private protected SqlStatement(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        (_sql, _parameters) = (sql, parameters.ToArray());
        Length = _parameters.Sum(parameter => (long)((parameter.Value as string)?.Length ?? 0));
    }

    /// <summary>Of all texts that it takes along; characters.</summary>
    internal long Length { get; }

    /// <summary>Whether it answers with rows, be there any or not.</summary>
    private protected abstract bool HasRows { get; }

    /// <summary>One that answers with no rows.</summary>
    public static SqlChange Change(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) => new(sql, parameters);

    /// <summary>One that answers with rows, also with none, or with one that says nothing.</summary>
    public static SqlRows<T> Rows<T>(string sql, Func<DbDataReader, T> map, params ReadOnlySpan<(string Name, object? Value)> parameters) => new(sql, map, parameters);

    /// <summary>Runs them in their order, in one exchange with a server.</summary>
    internal static async ValueTask RunAsync(DbConnection connection, IReadOnlyList<SqlStatement> statements)
    {
        if (connection.CanCreateBatch && statements.Count > 1)
        {
            await RunTogetherAsync(connection, statements);
            return;
        }

        foreach (var statement in statements)
        {
            await using var command = connection.Command(statement._sql, statement._parameters);
            if (statement.HasRows)
            {
                await using var reader = await command.ExecuteReaderAsync();
                await statement.ReadAsync(reader);
            }
            else
            {
                statement.Changed(await command.ExecuteNonQueryAsync());
            }
        }
    }

    private static async ValueTask RunTogetherAsync(DbConnection connection, IReadOnlyList<SqlStatement> statements)
    {
        await using var batch = connection.CreateBatch();
        foreach (var statement in statements)
        {
            var command = batch.CreateBatchCommand();
            command.CommandText = statement._sql;
            foreach (var (name, value) in statement._parameters)
            {
                command.Parameters.Add(SqlExtensions.Bind(command.CreateParameter(), name, value));
            }

            batch.BatchCommands.Add(command);
        }

        await using (var reader = await batch.ExecuteReaderAsync())
        {
            // The reader stops only at those that answer with rows.
            foreach (var statement in statements)
            {
                if (statement.HasRows)
                {
                    await statement.ReadAsync(reader);
                    await reader.NextResultAsync();
                }
            }

            // A failure of what comes after the last rows is told here.
            while (await reader.NextResultAsync())
            {
            }
        }

        for (var index = 0; index < statements.Count; index++)
        {
            statements[index].Changed(batch.BatchCommands[index].RecordsAffected);
        }
    }

    private protected virtual ValueTask ReadAsync(DbDataReader reader) => ValueTask.CompletedTask;

    private protected virtual void Changed(int rows)
    {
    }
}

/// <summary>A statement that answers with no rows.</summary>
public sealed class SqlChange : SqlStatement
{
    internal SqlChange(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
        : base(sql, parameters)
    {
    }

    /// <summary>How many rows it changed.</summary>
    public int Count { get; private set; }

    private protected override bool HasRows => false;

    private protected override void Changed(int rows) => Count = rows;
}

/// <summary>A statement that answers with rows.</summary>
public sealed class SqlRows<T> : SqlStatement
{
    private readonly Func<DbDataReader, T> _map;

    internal SqlRows(string sql, Func<DbDataReader, T> map, ReadOnlySpan<(string Name, object? Value)> parameters)
        : base(sql, parameters) => _map = map;

    public IReadOnlyList<T> Found { get; private set; } = [];

    private protected override bool HasRows => true;

    private protected override async ValueTask ReadAsync(DbDataReader reader)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(_map(reader));
        }

        Found = rows;
    }
}
