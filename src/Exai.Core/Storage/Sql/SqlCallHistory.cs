using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>The past in a database.</summary>
public sealed class SqlCallHistory(IDatabase database) : ICallHistory
{
    private const string Rows =
        """
        SELECT c.call_id, c.tool, c.state, c.session_id, c.client_name, c.token, c.thread_id, c.arguments, c.runs, c.accepted_at, c.finished_at,
            (SELECT a.provider FROM attempts a WHERE a.call_id = c.call_id ORDER BY a.run DESC, a.number DESC LIMIT 1) AS provider,
            (SELECT a.model FROM attempts a WHERE a.call_id = c.call_id ORDER BY a.run DESC, a.number DESC LIMIT 1) AS model,
            (SELECT CAST(COALESCE(SUM(a.tokens_in + a.tokens_out), 0) AS BIGINT) FROM attempts a WHERE a.call_id = c.call_id) AS tokens,
            (SELECT SUM(CAST(a.cost_usd AS DOUBLE PRECISION)) FROM attempts a WHERE a.call_id = c.call_id) AS cost
        FROM calls c
        """;

    private string Like => $"{database.Dialect.Like} @like ESCAPE '\\'";

    public async ValueTask<IReadOnlyList<CallRow>> ListAsync(string? search, string? state, int most, CancellationToken cancellationToken) => await database.ReadAsync(
        connection => connection.QueryAsync(
            $"""
            {Rows}
            WHERE (CAST(@state AS TEXT) IS NULL OR c.state = @state)
                AND (CAST(@search AS TEXT) IS NULL OR c.call_id = @search OR c.tool {Like} OR c.client_name {Like} OR c.arguments {Like}
                    OR EXISTS (SELECT 1 FROM attempts a WHERE a.call_id = c.call_id AND a.model {Like}))
            ORDER BY c.call_id DESC LIMIT @most
            """,
            Map, ("@state", state), ("@search", search), ("@like", SqlPattern.Containing(search)), ("@most", most)),
        cancellationToken);

    public ValueTask<CallRow?> FindAsync(string callId, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.FirstAsync($"{Rows} WHERE c.call_id = @call", Map, ("@call", callId)), cancellationToken);

    public async ValueTask<IReadOnlyList<AttemptHour>> HoursAsync(DateTimeOffset since, CancellationToken cancellationToken) => await database.ReadAsync(connection => connection.QueryAsync(
        """
        SELECT provider, model, started_at / 3600000 AS hour,
            COUNT(CASE WHEN outcome = 'ok' THEN 1 END) AS ok, COUNT(CASE WHEN outcome <> 'ok' THEN 1 END) AS failed,
            CAST(AVG(CASE WHEN outcome = 'ok' THEN total_ms END) AS DOUBLE PRECISION) AS total_ms, CAST(AVG(first_token_ms) AS DOUBLE PRECISION) AS first_ms,
            CAST(SUM(tokens_in + tokens_out) AS BIGINT) AS tokens, COALESCE(SUM(CAST(cost_usd AS DOUBLE PRECISION)), 0.0) AS cost
        FROM attempts WHERE started_at >= @since GROUP BY provider, model, hour ORDER BY hour
        """,
        reader => new AttemptHour(
            reader.Text("provider"), reader.Text("model"), DateTimeOffset.FromUnixTimeMilliseconds(reader.Number("hour") * 3_600_000),
            reader.Number("ok"), reader.Number("failed"), reader.FractionOrNull("total_ms"), reader.FractionOrNull("first_ms"),
            reader.Number("tokens"), reader.FractionOrNull("cost") ?? 0),
        ("@since", since.ToUnixTimeMilliseconds())), cancellationToken);

    public async ValueTask<IReadOnlyList<AttemptFailureCount>> FailuresAsync(DateTimeOffset since, CancellationToken cancellationToken) => await database.ReadAsync(connection => connection.QueryAsync(
        """
        SELECT provider, outcome, stage, COUNT(*) AS times, MAX(started_at) AS last FROM attempts
        WHERE started_at >= @since AND outcome <> 'ok' GROUP BY provider, outcome, stage ORDER BY times DESC
        """,
        reader => new AttemptFailureCount(
            reader.Text("provider"), reader.Text("outcome"), reader.Text("stage"), reader.Number("times"), reader.Time("last")),
        ("@since", since.ToUnixTimeMilliseconds())), cancellationToken);

    public async ValueTask<IReadOnlyDictionary<string, long>> StatesAsync(DateTimeOffset since, CancellationToken cancellationToken) =>
        (await database.ReadAsync(
            connection => connection.QueryAsync(
                "SELECT state, COUNT(*) AS times FROM calls WHERE accepted_at >= @since GROUP BY state",
                reader => (State: reader.Text("state"), Times: reader.Number("times")), ("@since", since.ToUnixTimeMilliseconds())),
            cancellationToken)).ToDictionary(row => row.State, row => row.Times, StringComparer.Ordinal);

    private static CallRow Map(DbDataReader reader) => new()
    {
        CallId = reader.Text("call_id"),
        Tool = reader.Text("tool"),
        State = reader.Text("state"),
        SessionId = reader.Text("session_id"),
        Client = reader.TextOrNull("client_name"),
        Token = reader.TextOrNull("token"),
        ThreadId = reader.Text("thread_id"),
        ArgumentsJson = reader.Text("arguments"),
        Runs = (int)reader.Number("runs"),
        AcceptedAt = reader.Time("accepted_at"),
        FinishedAt = reader.TimeOrNull("finished_at"),
        Provider = reader.TextOrNull("provider"),
        Model = reader.TextOrNull("model"),
        Tokens = reader.Number("tokens"),
        CostUsd = reader.FractionOrNull("cost"),
    };
}
