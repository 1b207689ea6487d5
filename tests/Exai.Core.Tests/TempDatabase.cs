using Exai.Core.Calls;
using Exai.Core.Storage.Sqlite;

namespace Exai.Core.Tests;

/// <summary>A database file in a folder that goes with the test.</summary>
internal sealed class TempDatabase : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("exai-core-").FullName;

    public string Path => Beside("exai.db");

    public string Beside(string name) => System.IO.Path.Combine(_folder, name);

    public SqliteDatabase Open() => SqliteDatabase.Open(Path, fullSync: false);

    /// <summary>What a killed process leaves: the files as they are at this moment, while the database is open.</summary>
    public TempDatabase CopyAsAfterKill()
    {
        var copy = new TempDatabase();
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
