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

    /// <summary>Whether another daemon has asked after a call that runs here, so that it is told of its end.</summary>
    public Func<string, bool> AwaitedElsewhere { private get; init; } = _ => false;

    public ValueTask<CallRecord?> FindAsync(string callId, CancellationToken cancellationToken) =>
        database.ReadAsync(connection => FindAsync(connection, callId), cancellationToken);

    public async ValueTask<(CallRecord Record, bool Accepted)> AcceptAsync(NewCall call, CallOwner owner, CancellationToken cancellationToken)
    {
        var insert = SqlStatement.Change(
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
            ("@epoch", owner.Epoch), ("@process", owner.Process), ("@lease", (Func<long>)LeaseEnd), ("@now", (Func<long>)Now), ("@started", (Func<long>)_steady.Milliseconds),
            ("@thread", call.ThreadId), ("@continues", call.ContinuesThread),
            ("@files", call.Request.Files.Count == 0 ? null : JsonSerializer.Serialize(call.Request.Files, StoreJson.Default.IReadOnlyListAttachedFile)),
            ("@token", call.Request.Token));
        var record = SqlStatement.Rows("SELECT * FROM calls WHERE call_id = @call", Map, ("@call", call.Request.CallId));
        SqlStatement[] statements = call.ContinuesThread && database.Dialect.LockThread is { } lockThread
            ? [SqlStatement.Rows(lockThread, _ => true, ("@thread", call.ThreadId)), insert, record]
            : [insert, record];
        if (call.Request.Token is null)
        {
            await database.WriteAsync(statements, cancellationToken);
        }
        else if (await AcceptWithinLimitsAsync(call, call.Request.Token, statements, cancellationToken) is { } refusal)
        {
            throw new CallException(refusal);
        }

        return (record.Found[0], insert.Count == 1);
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

    public async ValueTask<bool> FinishAsync(CallRecord run, CallOutcome outcome, Turn? turn, CancellationToken cancellationToken)
    {
        (string, object?)[] owned = [("@call", run.CallId), ("@epoch", run.Owner.Epoch), ("@runs", run.Runs)];
        var finish = SqlStatement.Change(
            $"UPDATE calls SET state = @state, outcome = @outcome, finished_at = @now WHERE {OwnedAndUnfinished}",
            [
                ("@state", StateName(outcome.State)), ("@outcome", JsonSerializer.Serialize(outcome, StoreJson.Default.CallOutcome)),
                ("@now", (Func<long>)Now), .. owned,
            ]);
        await database.WriteAsync(
            [
                // The turn before the outcome, for after it nothing tells whose outcome it is.
                .. turn is null ? [] : SqlThreadStore.Append(run.ThreadId, run.ThreadPlace, run.Token, turn, Mine, owned),
                finish,
                .. AwaitedElsewhere(run.CallId) ? Say(CallTopics.Ended, run.CallId) : [],
            ],
            cancellationToken);
        return finish.Count == 1;
    }

    public async ValueTask<IReadOnlyDictionary<string, int>> RenewLeasesAsync(CallOwner owner, CancellationToken cancellationToken)
    {
        var owned = SqlStatement.Rows(
            "UPDATE calls SET lease_until = @lease WHERE owner_epoch = @epoch AND finished_at IS NULL RETURNING call_id, runs",
            row => KeyValuePair.Create(row.Text("call_id"), (int)row.Number("runs")), ("@lease", (Func<long>)LeaseEnd), ("@epoch", owner.Epoch));
        await database.WriteAsync([owned], cancellationToken);
        return owned.Found.ToDictionary(StringComparer.Ordinal);
    }

    public async ValueTask RequestCancelAsync(string callId, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            [
                SqlStatement.Change("UPDATE calls SET cancel_requested = 1 WHERE call_id = @call AND finished_at IS NULL", ("@call", callId)),
                .. Say(CallTopics.Cancel, callId),
            ],
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
    public async ValueTask<bool> SaveStepAsync(CallRecord run, ModelAnswerStep step, CancellationToken cancellationToken)
    {
        var save = SqlStatement.Change(
            $"INSERT INTO steps (call_id, step_key, answer) SELECT @call, @key, @answer FROM ({Mine}) AS mine",
            ("@call", run.CallId), ("@key", step.Key), ("@answer", step.AnswerJson), ("@epoch", run.Owner.Epoch), ("@runs", run.Runs));
        await database.WriteAsync([save], cancellationToken);
        return save.Count == 1;
    }

    public ValueTask<int> ForgetFinishedAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        database.ForgetAsync("calls", "call_id", "finished_at IS NOT NULL AND finished_at < @before", before, cancellationToken);

    public async ValueTask<IReadOnlyList<OwnerLease>> FindOwnersElsewhereAsync(CallOwner owner, CancellationToken cancellationToken) => await database.ReadAsync(
        connection => connection.QueryAsync(
            """
            SELECT owner_epoch, owner_process, MAX(lease_until) AS lease_until FROM calls
            WHERE finished_at IS NULL AND owner_epoch <> @epoch GROUP BY owner_epoch, owner_process ORDER BY owner_epoch
            """,
            row => new OwnerLease(new CallOwner(row.Text("owner_epoch"), row.Text("owner_process")), row.Time("lease_until")), ("@epoch", owner.Epoch)),
        cancellationToken);

    public async ValueTask<IReadOnlyList<CallRecord>> FindOwnedAsync(CallOwner owner, CancellationToken cancellationToken) => await database.ReadAsync(
        connection => connection.QueryAsync("SELECT * FROM calls WHERE finished_at IS NULL AND owner_epoch = @epoch ORDER BY call_id", Map, ("@epoch", owner.Epoch)),
        cancellationToken);

    /// <summary>The row of a run's call, held, while the run is what counts.</summary>
    private string Mine => $"SELECT 1 FROM calls WHERE {OwnedAndUnfinished} {database.Dialect.HoldingRow}";

    /// <summary>A refusal is no failure of the write: that would undo the others of its commit.</summary>
    private ValueTask<CallError?> AcceptWithinLimitsAsync(NewCall call, string token, SqlStatement[] statements, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async connection =>
            {
                var refusal = await TokenChecks.RefusalAsync(connection, call, token, time.GetUtcNow(), _steady.Milliseconds());
                if (refusal is null)
                {
                    await SqlStatement.RunAsync(connection, statements);
                }

                return refusal;
            },
            cancellationToken);

    private SqlStatement[] Say(string topic, string callId) =>
        database.Dialect.Say is { } say ? [SqlStatement.Rows(say, _ => true, ("@what", CallTopics.Of(topic, callId)))] : [];

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

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private long LeaseEnd() => _steady.Milliseconds() + (long)lease.TotalMilliseconds;
}
