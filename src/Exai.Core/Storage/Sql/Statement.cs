using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>A statement with its parameters, for one use; prepared before where the connection keeps such. Disposed once.</summary>
internal readonly struct Statement : IDisposable
{
    private readonly IStatementKeeper? _keeper;

    /// <param name="parameters">Texts, numbers, truths as 1 and 0, bytes, or null.</param>
    public Statement(DbConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        _keeper = connection as IStatementKeeper;
        if (_keeper is null)
        {
            Command = connection.CreateCommand();
            Command.CommandText = sql;
        }
        else
        {
            Command = _keeper.Take(sql);
        }

        foreach (var (name, value) in parameters)
        {
            var parameter = Command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value switch
            {
                null => DBNull.Value,
                bool truth => truth ? 1L : 0L,
                string text => Storable(text),
                _ => value,
            };
            Command.Parameters.Add(parameter);
        }
    }

    public DbCommand Command { get; }

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

    /// <summary>The characters that one engine or the other cannot keep in a text stand as U+FFFD in both.</summary>
    private static string Storable(string text) => text.AsSpan().Contains('\0') || text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')
        ? string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? "\uFFFD" : rune.ToString()))
        : text;
}
