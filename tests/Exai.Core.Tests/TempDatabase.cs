using System.Data.Common;
using Exai.Core.Calls;
using Exai.Core.Storage.Blobs;
using Exai.Core.Storage.Postgres;
using Exai.Core.Storage.Sql;
using Exai.Core.Storage.Sqlite;
using Exai.Testing;
using Exai.Testing.Stores;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Exai.Core.Tests;

/// <summary>A database that goes with the test: a file in a folder, or a schema of the tests' PostgreSQL server.</summary>
internal sealed class TempDatabase(StoreEngine engine = StoreEngine.Sqlite, string? schema = null) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("exai-core-").FullName;
    private readonly string _schema = schema ?? PostgresServer.NewName();

    public string Path => Beside("exai.db");

    public string Beside(string name) => System.IO.Path.Combine(_folder, name);

    public SqliteDatabase Open() => SqliteDatabase.Open(Path, fullSync: false);

    /// <summary>On whichever engine the test is about; as often as daemons share it.</summary>
    public IDatabase OpenAny(TimeProvider? time = null)
    {
        if (engine == StoreEngine.Sqlite)
        {
            return Open();
        }

        var server = PostgresServer.Shared;
        server.Execute($"CREATE SCHEMA IF NOT EXISTS {_schema}");
        var text = PostgresConnections.Text(server.Address);
        text.SearchPath = _schema;
        var opening = PostgresDatabase.OpenAsync(new BlockingDataSource(NpgsqlDataSource.Create(text)), _schema, time ?? TimeProvider.System, new ListLogger());
        // Nothing of it waits: see BlockingDataSource.
        return opening.GetAwaiter().GetResult();
    }

    /// <summary>The files that calls name, as the daemon keeps them with such a database.</summary>
    public IBlobStore Blobs(IDatabase database, TimeProvider time) =>
        database is PostgresDatabase server ? new PostgresBlobs(server, time) : new BlobStore(Beside("blobs"), time);

    /// <summary>What a killed process leaves: the files as they are at this moment, while the database is open; a server does not notice.</summary>
    public TempDatabase CopyAsAfterKill()
    {
        var copy = new TempDatabase(engine, _schema);
        foreach (var suffix in (string[])["", "-wal"])
        {
            if (File.Exists(Path + suffix))
            {
                File.Copy(Path + suffix, copy.Path + suffix);
            }
        }

        return copy;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

/// <summary>SQLite's own words, at once and without a word about waiting.</summary>
internal static class AtOnce
{
    public static T Read<T>(this SqliteDatabase database, Func<SqliteConnection, T> work) =>
        database.ReadAsync(connection => ValueTask.FromResult(work((SqliteConnection)connection)), CancellationToken.None).AsTask().GetAwaiter().GetResult();

    public static ValueTask<T> WriteAsync<T>(this SqliteDatabase database, Func<SqliteConnection, T> work, CancellationToken cancellationToken) =>
        database.WriteAsync(connection => ValueTask.FromResult(work((SqliteConnection)connection)), cancellationToken);

    public static List<T> Query<T>(this SqliteConnection connection, string sql, Func<DbDataReader, T> map) =>
        connection.QueryAsync(sql, map).AsTask().GetAwaiter().GetResult();
}

/// <summary>Calls and owners for tests that talk to the store.</summary>
internal static class Sample
{
    public static readonly CallOwner Owner = new("epoch-a", "process-a");
    public static readonly CallOwner OtherOwner = new("epoch-b", "process-b");

    public static NewCall Call(string callId, string? thread = null, string hash = "hash") => new(
        new CallRequest
        {
            CallId = callId,
            Tool = "chat",
            Arguments = System.Text.Json.JsonElement.Parse("""{"prompt":"hello"}"""),
            SessionId = "session",
            ClientName = "test",
        },
        hash, thread ?? "thread-of-" + callId, ContinuesThread: thread is not null);

    public static CallOutcome Outcome(CallRecord call, string text = "the answer") => new()
    {
        State = CallState.Succeeded,
        Text = text,
        Receipt = new Exai.Protocol.Receipt { CallId = call.CallId, Tool = call.Tool, State = "succeeded", Runs = call.Runs, ThreadId = call.ThreadId },
    };

    public static Exai.Core.Threads.Turn Turn(CallRecord call, string question = "question", string answer = "answer") => new()
    {
        CallId = call.CallId,
        Tool = call.Tool,
        Question = question,
        Answer = answer,
        Model = "glm/glm-4.6",
        At = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero),
    };
}
