using System.Text.Json;
using Exai.Core.Threads;
using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>Conversations in a database.</summary>
public sealed class SqlThreadStore(IDatabase database) : IThreadStore
{
    public ValueTask<ConversationThread?> FindAsync(string threadId, CancellationToken cancellationToken) => database.ReadAsync(
        async connection =>
        {
            var thread = await connection.FirstAsync(
                "SELECT created_at, updated_at, token FROM threads WHERE thread_id = @thread",
                reader => new ConversationThread(threadId, reader.Time("created_at"), reader.Time("updated_at"), []) { Token = reader.TextOrNull("token") },
                ("@thread", threadId));
            return thread is null
                ? null
                : thread with { Turns = await connection.QueryAsync("SELECT * FROM turns WHERE thread_id = @thread ORDER BY place", MapTurn, ("@thread", threadId)) };
        },
        cancellationToken);

    public async ValueTask<IReadOnlyList<ThreadSummary>> ListAsync(string? text, int most, CancellationToken cancellationToken) => await database.ReadAsync(
        connection => connection.QueryAsync(
            $"""
            SELECT thread_id, created_at, updated_at,
                (SELECT question FROM turns WHERE turns.thread_id = threads.thread_id ORDER BY place LIMIT 1) AS title,
                (SELECT COUNT(*) FROM turns WHERE turns.thread_id = threads.thread_id) AS turns,
                (SELECT {database.Dialect.DistinctList("tool")} FROM turns WHERE turns.thread_id = threads.thread_id) AS tools
            FROM threads
            WHERE CAST(@like AS TEXT) IS NULL OR EXISTS (
                SELECT 1 FROM turns WHERE turns.thread_id = threads.thread_id AND (question {Like} OR answer {Like}))
            ORDER BY updated_at DESC LIMIT @most
            """,
            reader => new ThreadSummary(
                reader.Text("thread_id"), reader.TextOrNull("title") ?? "", (int)reader.Number("turns"),
                [.. (reader.TextOrNull("tools") ?? "").Split(',').Order(StringComparer.Ordinal)], reader.Time("created_at"), reader.Time("updated_at")),
            ("@like", SqlPattern.Containing(text)), ("@most", most)),
        cancellationToken);

    public ValueTask<bool> DeleteAsync(string threadId, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            if (database.Dialect.LockThread is { } lockThread)
            {
                await connection.ExecuteAsync(lockThread, ("@thread", threadId));
            }

            if (await connection.ScalarAsync<long>("SELECT COUNT(*) FROM calls WHERE thread_id = @thread AND finished_at IS NULL", ("@thread", threadId)) > 0
                || await connection.ExecuteAsync("DELETE FROM threads WHERE thread_id = @thread", ("@thread", threadId)) == 0)
            {
                return false;
            }

            // Their arguments and outcomes hold what was said.
            await connection.ExecuteAsync("DELETE FROM calls WHERE thread_id = @thread", ("@thread", threadId));
            return true;
        },
        cancellationToken);

    public ValueTask<int> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        database.ForgetAsync("threads", "thread_id",
            "updated_at < @before AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.thread_id = threads.thread_id AND finished_at IS NULL)", before, cancellationToken);

    // SQLite's LIKE and the C collation know the case of ASCII letters alone; others are found as they are written.
    private string Like => $"{database.Dialect.Like} @like ESCAPE '\\'";

    /// <summary>What adds a turn in the transaction of its call's outcome, and the thread if this is its first.</summary>
    /// <param name="token">Whose thread it is if this begins it; a thread never changes hands.</param>
    /// <param name="mine">A SELECT that finds a row if the turn is to be added; its parameters come from <paramref name="run"/>.</param>
    internal static SqlStatement[] Append(string threadId, long place, string? token, Turn turn, string mine, params ReadOnlySpan<(string Name, object? Value)> run)
    {
        var at = turn.At.ToUnixTimeMilliseconds();
        return
        [
            SqlStatement.Change(
                $"""
                INSERT INTO threads (thread_id, created_at, updated_at, token) SELECT @thread, @at, @at, @token FROM ({mine}) AS mine WHERE 1 = 1
                ON CONFLICT (thread_id) DO UPDATE SET updated_at = excluded.updated_at
                """,
                [("@thread", threadId), ("@at", at), ("@token", token), .. run]),
            SqlStatement.Change(
                $"""
                INSERT INTO turns (thread_id, place, call_id, tool, question, answer, model, at, state, files)
                SELECT @thread, @place, @turnCall, @tool, @question, @answer, @model, @at, @state, @files FROM ({mine}) AS mine
                """,
                [
                    ("@thread", threadId), ("@place", place), ("@turnCall", turn.CallId), ("@tool", turn.Tool), ("@question", turn.Question), ("@answer", turn.Answer),
                    ("@model", turn.Model), ("@at", at), ("@state", turn.State),
                    ("@files", turn.Files.Count == 0 ? null : JsonSerializer.Serialize(turn.Files, StoreJson.Default.IReadOnlyListFileReference)), .. run,
                ]),
        ];
    }

    private static Turn MapTurn(DbDataReader reader) => new()
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
