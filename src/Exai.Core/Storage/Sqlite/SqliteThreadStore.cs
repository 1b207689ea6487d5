using System.Text.Json;
using Exai.Core.Threads;
using Microsoft.Data.Sqlite;

namespace Exai.Core.Storage.Sqlite;

/// <summary>Conversations in SQLite.</summary>
public sealed class SqliteThreadStore(SqliteDatabase database) : IThreadStore
{
    public ValueTask<ConversationThread?> FindAsync(string threadId, CancellationToken cancellationToken) =>
        ValueTask.FromResult(database.Read(connection =>
        {
            var thread = connection.Query(
                "SELECT created_at, updated_at FROM threads WHERE thread_id = $thread",
                reader => (Created: reader.Time("created_at"), Updated: reader.Time("updated_at")),
                ("$thread", threadId)).Cast<(DateTimeOffset Created, DateTimeOffset Updated)?>().FirstOrDefault();
            if (thread is not { } found)
            {
                return null;
            }

            var turns = connection.Query("SELECT * FROM turns WHERE thread_id = $thread ORDER BY place", MapTurn, ("$thread", threadId));
            return new ConversationThread(threadId, found.Created, found.Updated, turns);
        }));

    /// <summary>Adds a turn in the transaction of its call's outcome, and the thread if this is its first.</summary>
    internal static void Append(SqliteConnection connection, string threadId, long place, Turn turn)
    {
        var at = turn.At.ToUnixTimeMilliseconds();
        connection.Execute(
            """
            INSERT INTO threads (thread_id, created_at, updated_at) VALUES ($thread, $at, $at)
            ON CONFLICT (thread_id) DO UPDATE SET updated_at = $at
            """,
            ("$thread", threadId), ("$at", at));
        connection.Execute(
            """
            INSERT INTO turns (thread_id, place, call_id, tool, question, answer, model, at, state, files)
            VALUES ($thread, $place, $call, $tool, $question, $answer, $model, $at, $state, $files)
            """,
            ("$thread", threadId), ("$place", place), ("$call", turn.CallId), ("$tool", turn.Tool),
            ("$question", turn.Question), ("$answer", turn.Answer), ("$model", turn.Model), ("$at", at), ("$state", turn.State),
            ("$files", turn.Files.Count == 0 ? null : JsonSerializer.Serialize(turn.Files, StoreJson.Default.IReadOnlyListFileReference)));
    }

    private static Turn MapTurn(SqliteDataReader reader) => new()
    {
        CallId = reader.Text("call_id"),
        Tool = reader.Text("tool"),
        Question = reader.Text("question"),
        Answer = reader.Text("answer"),
        Model = reader.Text("model"),
        At = reader.Time("at"),
        State = reader.TextOrNull("state"),
        Files = reader.TextOrNull("files") is { } files ? JsonSerializer.Deserialize(files, StoreJson.Default.IReadOnlyListFileReference)! : [],
    };
}
