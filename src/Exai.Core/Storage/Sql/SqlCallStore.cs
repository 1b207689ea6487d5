using System.Text.Json;
using Exai.Core.Calls;
using Exai.Core.Threads;
using Exai.Protocol;
using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>The call journal in a database. Every change of a call names the owner and run that it believes in, in the statement itself.</summary>
public sealed class SqlCallStore(IDatabase database, TimeSpan lease, TimeProvider time) : ICallStore
{
    /// <summary>A state is stored as its name in lower case; an unfinished call has no outcome.</summary>
    private const string OwnedAndUnfinished = "call_id = @call AND owner_epoch = @epoch AND runs = @runs AND finished_at IS NULL";

    private readonly SteadyClock _steady = new(time);

    public ValueTask<CallRecord?> FindAsync(string callId, CancellationToken cancellationToken) =>
        database.ReadAsync(connection => FindAsync(connection, callId), cancellationToken);

    public async ValueTask<(CallRecord Record, bool Accepted)> AcceptAsync(NewCall call, CallOwner owner, CancellationToken cancellationToken)
    {
        // A refusal is no failure of the write: that would undo the others of its commit.
        var (record, accepted, refusal) = await database.WriteAsync<(CallRecord?, bool, CallError?)>(
            async connection =>
            {
                if (call.Request.Token is { } token && await TokenChecks.RefusalAsync(connection, call, token, time.GetUtcNow(), _steady.Milliseconds()) is { } refused)
                {
                    return (null, false, refused);
                }

                if (call.ContinuesThread && database.Dialect.LockThread is { } lockThread)
                {
                    await connection.ExecuteAsync(lockThread, ("@thread", call.ThreadId));
                }

                var now = time.GetUtcNow().ToUnixTimeMilliseconds();
                var accepted = await connection.ExecuteAsync(
                    """
                    INSERT INTO calls (call_id, tool, arguments_hash, arguments, session_id, client_name, state, runs, owner_epoch, owner_process,
                        lease_until, accepted_at, run_started_at, spent_ms, thread_id, continues_thread, files, token, thread_place)
                    VALUES (@call, @tool, @hash, @arguments, @session, @client, 'running', 1, @epoch, @process,
                        @lease, @now, @started, 0, @thread, @continues, @files, @token,
                        1 + (SELECT COALESCE(MAX(last), 0) FROM (
                            SELECT MAX(thread_place) AS last FROM calls WHERE thread_id = @thread
                            UNION ALL
                            SELECT MAX(place) FROM turns WHERE thread_id = @thread) AS places))
                    ON CONFLICT (call_id) DO NOTHING
                    """,
                    ("@call", call.Request.CallId), ("@tool", call.Request.Tool), ("@hash", call.ArgumentsHash),
                    ("@arguments", call.Request.Arguments.GetRawText()), ("@session", call.Request.SessionId), ("@client", call.Request.ClientName),
                    ("@epoch", owner.Epoch), ("@process", owner.Process), ("@lease", LeaseEnd()), ("@now", now), ("@started", _steady.Milliseconds()),
                    ("@thread", call.ThreadId), ("@continues", call.ContinuesThread),
                    ("@files", call.Request.Files.Count == 0 ? null : JsonSerializer.Serialize(call.Request.Files, StoreJson.Default.IReadOnlyListAttachedFile)),
                    ("@token", call.Request.Token));
                return (await FindAsync(connection, call.Request.CallId), accepted == 1, null);
            },
            cancellationToken);
        return refusal is null ? (record!, accepted) : throw new CallException(refusal);
    }

    public ValueTask<CallRecord?> TakeOverAsync(CallRecord seen, CallOwner owner, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async connection =>
            {
                // An owner that has renewed its lease since it was looked at lives. The dead run is charged up to its last sign of life; nobody ran the clock while no daemon ran the call.
                var changed = await connection.ExecuteAsync(
                    $"""
                    UPDATE calls SET owner_epoch = @newEpoch, owner_process = @newProcess, runs = runs + 1, lease_until = @lease, run_started_at = @now,
                        spent_ms = spent_ms + CASE WHEN lease_until - @leaseLength > run_started_at THEN lease_until - @leaseLength - run_started_at ELSE 0 END
                    WHERE {OwnedAndUnfinished} AND lease_until = @seenLease
                    """,
                    ("@newEpoch", owner.Epoch), ("@newProcess", owner.Process), ("@lease", LeaseEnd()), ("@leaseLength", (long)lease.TotalMilliseconds),
                    ("@now", _steady.Milliseconds()), ("@call", seen.CallId), ("@epoch", seen.Owner.Epoch), ("@runs", seen.Runs), ("@seenLease", seen.LeaseUntil.ToUnixTimeMilliseconds()));
                return changed == 1 ? await FindAsync(connection, seen.CallId) : null;
            },
            cancellationToken);

    public ValueTask<bool> FinishAsync(CallRecord run, CallOutcome outcome, Turn? turn, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async connection =>
            {
                var now = time.GetUtcNow().ToUnixTimeMilliseconds();
                var changed = await connection.ExecuteAsync(
                    $"UPDATE calls SET state = @state, outcome = @outcome, finished_at = @now WHERE {OwnedAndUnfinished}",
                    ("@state", StateName(outcome.State)), ("@outcome", JsonSerializer.Serialize(outcome, StoreJson.Default.CallOutcome)), ("@now", now),
                    ("@call", run.CallId), ("@epoch", run.Owner.Epoch), ("@runs", run.Runs));
                if (changed == 1 && turn is not null)
                {
                    await SqlThreadStore.AppendAsync(connection, run.ThreadId, run.ThreadPlace, run.Token, turn);
                }

                if (changed == 1)
                {
                    await SayAsync(connection, CallTopics.Ended, run.CallId);
                }

                return changed == 1;
            },
            cancellationToken);

    public async ValueTask<IReadOnlyDictionary<string, int>> RenewLeasesAsync(CallOwner owner, CancellationToken cancellationToken)
    {
        var owned = await database.WriteAsync(
            connection => connection.QueryAsync(
                "UPDATE calls SET lease_until = @lease WHERE owner_epoch = @epoch AND finished_at IS NULL RETURNING call_id, runs",
                row => KeyValuePair.Create(row.Text("call_id"), (int)row.Number("runs")), ("@lease", LeaseEnd()), ("@epoch", owner.Epoch)),
            cancellationToken);
        return owned.ToDictionary(StringComparer.Ordinal);
    }

    public async ValueTask RequestCancelAsync(string callId, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            async connection =>
            {
                var changed = await connection.ExecuteAsync("UPDATE calls SET cancel_requested = 1 WHERE call_id = @call AND finished_at IS NULL", ("@call", callId));
                await SayAsync(connection, CallTopics.Cancel, callId);
                return changed;
            },
            cancellationToken);

    public async ValueTask<IReadOnlyList<string>> FindToCancelAsync(CallOwner owner, CancellationToken cancellationToken) => await database.ReadAsync(
        connection => connection.QueryAsync(
            "SELECT call_id FROM calls WHERE owner_epoch = @epoch AND finished_at IS NULL AND cancel_requested = 1",
            reader => reader.Text("call_id"), ("@epoch", owner.Epoch)),
        cancellationToken);

    // A call id begins with its time.
    public async ValueTask<IReadOnlyList<CallSummary>> ListAsync(int most, string? token, CancellationToken cancellationToken) => await database.ReadAsync(
        connection => connection.QueryAsync(
            $"""
            SELECT call_id, tool, arguments, session_id, client_name, state, accepted_at, finished_at FROM calls
            {(token is null ? "" : "WHERE token = @token")} ORDER BY call_id DESC LIMIT @most
            """,
            reader => new CallSummary
            {
                CallId = reader.Text("call_id"),
                Tool = reader.Text("tool"),
                ArgumentsJson = reader.Text("arguments"),
                SessionId = reader.Text("session_id"),
                ClientName = reader.TextOrNull("client_name"),
                State = Enum.Parse<CallState>(reader.Text("state"), ignoreCase: true),
                AcceptedAt = reader.Time("accepted_at"),
                FinishedAt = reader.TimeOrNull("finished_at"),
            },
            [("@most", most), .. token is null ? [] : new (string, object?)[] { ("@token", token) }]),
        cancellationToken);

    public ValueTask<CallRecord?> FindPredecessorAsync(CallRecord call, CancellationToken cancellationToken) =>
        database.ReadAsync(
            connection => connection.FirstAsync(
                "SELECT * FROM calls WHERE thread_id = @thread AND thread_place < @place AND finished_at IS NULL ORDER BY thread_place LIMIT 1",
                Map, ("@thread", call.ThreadId), ("@place", call.ThreadPlace)),
            cancellationToken);

    public async ValueTask<IReadOnlyDictionary<string, ModelAnswerStep>> FindStepsAsync(string callId, CancellationToken cancellationToken) =>
        (await database.ReadAsync(
            connection => connection.QueryAsync(
                "SELECT step_key, answer FROM steps WHERE call_id = @call",
                reader => new ModelAnswerStep(reader.Text("step_key"), reader.Text("answer")),
                ("@call", callId)),
            cancellationToken)).ToDictionary(step => step.Key, StringComparer.Ordinal);

    // The call's row is held: whoever takes the call over then finds this step, or this finds the call taken over.
    public ValueTask<bool> SaveStepAsync(CallRecord run, ModelAnswerStep step, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async connection => await connection.ExecuteAsync(
                $"""
                INSERT INTO steps (call_id, step_key, answer)
                SELECT @call, @key, @answer FROM (SELECT 1 FROM calls WHERE {OwnedAndUnfinished} {database.Dialect.HoldingRow}) AS mine
                """,
                ("@call", run.CallId), ("@key", step.Key), ("@answer", step.AnswerJson), ("@epoch", run.Owner.Epoch), ("@runs", run.Runs)) == 1,
            cancellationToken);

    public ValueTask<int> ForgetFinishedAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        database.ForgetAsync("calls", "call_id", "finished_at IS NOT NULL AND finished_at < @before", before, cancellationToken);

    public async ValueTask<IReadOnlyList<CallRecord>> FindElsewhereAsync(CallOwner owner, CancellationToken cancellationToken) => await database.ReadAsync(
        connection => connection.QueryAsync("SELECT * FROM calls WHERE finished_at IS NULL AND owner_epoch <> @epoch ORDER BY call_id", Map, ("@epoch", owner.Epoch)),
        cancellationToken);

    private async ValueTask SayAsync(DbConnection connection, string topic, string callId)
    {
        if (database.Dialect.Say is { } say)
        {
            await connection.ExecuteAsync(say, ("@what", CallTopics.Of(topic, callId)));
        }
    }

    private static ValueTask<CallRecord?> FindAsync(DbConnection connection, string callId) =>
        connection.FirstAsync("SELECT * FROM calls WHERE call_id = @call", Map, ("@call", callId));

    private static CallRecord Map(DbDataReader reader) => new()
    {
        CallId = reader.Text("call_id"),
        Tool = reader.Text("tool"),
        ArgumentsHash = reader.Text("arguments_hash"),
        ArgumentsJson = reader.Text("arguments"),
        SessionId = reader.Text("session_id"),
        ClientName = reader.TextOrNull("client_name"),
        Token = reader.TextOrNull("token"),
        State = Enum.Parse<CallState>(reader.Text("state"), ignoreCase: true),
        Runs = (int)reader.Number("runs"),
        Owner = new CallOwner(reader.Text("owner_epoch"), reader.Text("owner_process")),
        LeaseUntil = reader.Time("lease_until"),
        AcceptedAt = reader.Time("accepted_at"),
        RunStartedAt = reader.Time("run_started_at"),
        Spent = TimeSpan.FromMilliseconds(reader.Number("spent_ms")),
        ThreadId = reader.Text("thread_id"),
        ContinuesThread = reader.Number("continues_thread") != 0,
        ThreadPlace = reader.Number("thread_place"),
        Files = reader.TextOrNull("files") is { } files ? JsonSerializer.Deserialize(files, StoreJson.Default.IReadOnlyListAttachedFile)! : [],
        CancelRequested = reader.Number("cancel_requested") != 0,
        Outcome = reader.TextOrNull("outcome") is { } outcome ? JsonSerializer.Deserialize(outcome, StoreJson.Default.CallOutcome) : null,
    };

    private static string StateName(CallState state) => state.ToString().ToLowerInvariant();

    private long LeaseEnd() => _steady.Milliseconds() + (long)lease.TotalMilliseconds;
}
