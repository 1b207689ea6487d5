using System.Text.Json.Nodes;
using Exai.Core.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>A look into a home's database beside the daemon that uses it.</summary>
internal sealed class Journal(SqliteDatabase database) : IAsyncDisposable
{
    /// <summary>Opens the database of a home whose daemon has made it.</summary>
    public static Journal Open(ExaiHomeFixture fixture) => new(SqliteDatabase.Open(fixture.Home.Database, fullSync: false));

    /// <summary>The journaled outcome of the one call whose arguments hold the marker; null while it has none.</summary>
    public JsonNode? Outcome(string marker) => Read(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT outcome FROM calls WHERE arguments LIKE $marker AND finished_at IS NOT NULL";
        command.Parameters.AddWithValue("$marker", $"%{marker}%");
        return command.ExecuteScalar() is string outcome ? JsonNode.Parse(outcome) : null;
    });

    public Task<JsonNode> OutcomeAsync(string marker) => Patience.ForAsync($"the outcome of {marker} is in the journal", () => Outcome(marker));

    /// <summary>Whether the call has been accepted.</summary>
    public bool Knows(string marker) => Read(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM calls WHERE arguments LIKE $marker";
        command.Parameters.AddWithValue("$marker", $"%{marker}%");
        return (long)command.ExecuteScalar()! > 0;
    });

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private T Read<T>(Func<SqliteConnection, T> look) =>
        database.ReadAsync(connection => ValueTask.FromResult(look((SqliteConnection)connection)), CancellationToken.None).AsTask().GetAwaiter().GetResult();
}
