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

    public ValueTask<IReadOnlyList<ThreadSummary>> ListAsync(string? text, int most, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ThreadSummary>>(database.Read(connection => connection.Query(
            """
            SELECT thread_id, created_at, updated_at,
                (SELECT question FROM turns WHERE turns.thread_id = threads.thread_id ORDER BY place LIMIT 1) AS title,
                (SELECT COUNT(*) FROM turns WHERE turns.thread_id = threads.thread_id) AS turns,
                (SELECT GROUP_CONCAT(DISTINCT tool) FROM turns WHERE turns.thread_id = threads.thread_id) AS tools
            FROM threads
            WHERE $text IS NULL OR EXISTS (
                SELECT 1 FROM turns WHERE turns.thread_id = threads.thread_id AND (INSTR(LOWER(question), $text) > 0 OR INSTR(LOWER(answer), $text) > 0))
            ORDER BY updated_at DESC LIMIT $most
            """,
            reader => new ThreadSummary(
                reader.Text("thread_id"), reader.TextOrNull("title") ?? "", (int)reader.Number("turns"),
                [.. (reader.TextOrNull("tools") ?? "").Split(',').Order(StringComparer.Ordinal)], reader.Time("created_at"), reader.Time("updated_at")),
            // The library's LOWER knows ASCII alone; other letters are found as they are written.
            ("$text", text is null ? null : AsciiLower(text)), ("$most", most))));

    public ValueTask<bool> DeleteAsync(string threadId, CancellationToken cancellationToken) => database.WriteAsync(
        connection =>
        {
            if (connection.Scalar<long>("SELECT COUNT(*) FROM calls WHERE thread_id = $thread AND finished_at IS NULL", ("$thread", threadId)) > 0
                || connection.Execute("DELETE FROM threads WHERE thread_id = $thread", ("$thread", threadId)) == 0)
            {
                return false;
            }

            // Their arguments and outcomes hold what was said.
            connection.Execute("DELETE FROM calls WHERE thread_id = $thread", ("$thread", threadId));
            return true;
        },
        cancellationToken);

    public ValueTask<int> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Execute("DELETE FROM threads WHERE updated_at < $before", ("$before", before.ToUnixTimeMilliseconds())), cancellationToken);

    private static string AsciiLower(string text) => string.Create(text.Length, text, (lower, given) =>
    {
        for (var index = 0; index < given.Length; index++)
        {
            lower[index] = char.IsAsciiLetterUpper(given[index]) ? (char)(given[index] | 0x20) : given[index];
        }
    });

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
