using Microsoft.Data.Sqlite;

namespace Exai.Core.Storage.Sqlite;

/// <summary>The past in SQLite.</summary>
public sealed class SqliteCallHistory(SqliteDatabase database) : ICallHistory
{
    private const string Rows =
        """
        SELECT c.call_id, c.tool, c.state, c.session_id, c.client_name, c.thread_id, c.arguments, c.runs, c.accepted_at, c.finished_at,
            (SELECT a.provider FROM attempts a WHERE a.call_id = c.call_id ORDER BY a.run DESC, a.number DESC LIMIT 1) AS provider,
            (SELECT a.model FROM attempts a WHERE a.call_id = c.call_id ORDER BY a.run DESC, a.number DESC LIMIT 1) AS model,
            (SELECT COALESCE(SUM(a.tokens_in + a.tokens_out), 0) FROM attempts a WHERE a.call_id = c.call_id) AS tokens,
            (SELECT SUM(CAST(a.cost_usd AS REAL)) FROM attempts a WHERE a.call_id = c.call_id) AS cost
        FROM calls c
        """;

    public IReadOnlyList<CallRow> List(string? search, string? state, int most) => database.Read(connection => connection.Query(
        $"""
        {Rows}
        WHERE ($state IS NULL OR c.state = $state)
            AND ($search IS NULL OR c.call_id = $search OR c.tool LIKE $like ESCAPE '\' OR c.client_name LIKE $like ESCAPE '\' OR c.arguments LIKE $like ESCAPE '\'
                OR EXISTS (SELECT 1 FROM attempts a WHERE a.call_id = c.call_id AND a.model LIKE $like ESCAPE '\'))
        ORDER BY c.call_id DESC LIMIT $most
        """,
        Map, ("$state", state), ("$search", search), ("$like", search is null ? null : $"%{Escaped(search)}%"), ("$most", most)));

    public CallRow? Find(string callId) => database.Read(connection => connection.Query($"{Rows} WHERE c.call_id = $call", Map, ("$call", callId)).FirstOrDefault());

    public IReadOnlyList<AttemptHour> Hours(DateTimeOffset since) => database.Read(connection => connection.Query(
        """
        SELECT provider, model, started_at / 3600000 AS hour, SUM(outcome = 'ok') AS ok, SUM(outcome <> 'ok') AS failed,
            AVG(CASE WHEN outcome = 'ok' THEN total_ms END) AS total_ms, AVG(first_token_ms) AS first_ms,
            SUM(tokens_in + tokens_out) AS tokens, COALESCE(SUM(CAST(cost_usd AS REAL)), 0.0) AS cost
        FROM attempts WHERE started_at >= $since GROUP BY provider, model, hour ORDER BY hour
        """,
        reader => new AttemptHour(
            reader.Text("provider"), reader.Text("model"), DateTimeOffset.FromUnixTimeMilliseconds(reader.Number("hour") * 3_600_000),
            reader.NumberOrNull("ok") ?? 0, reader.NumberOrNull("failed") ?? 0, Fraction(reader, "total_ms"), Fraction(reader, "first_ms"),
            reader.Number("tokens"), Fraction(reader, "cost") ?? 0),
        ("$since", since.ToUnixTimeMilliseconds())));

    public IReadOnlyList<AttemptFailureCount> Failures(DateTimeOffset since) => database.Read(connection => connection.Query(
        """
        SELECT provider, outcome, stage, COUNT(*) AS times, MAX(started_at) AS last FROM attempts
        WHERE started_at >= $since AND outcome <> 'ok' GROUP BY provider, outcome, stage ORDER BY times DESC
        """,
        reader => new AttemptFailureCount(
            reader.Text("provider"), reader.Text("outcome"), reader.Text("stage"), reader.Number("times"), reader.Time("last")),
        ("$since", since.ToUnixTimeMilliseconds())));

    public IReadOnlyDictionary<string, long> States(DateTimeOffset since) => database.Read(connection => connection.Query(
        "SELECT state, COUNT(*) AS times FROM calls WHERE accepted_at >= $since GROUP BY state",
        reader => (State: reader.Text("state"), Times: reader.Number("times")), ("$since", since.ToUnixTimeMilliseconds())).ToDictionary(row => row.State, row => row.Times, StringComparer.Ordinal));

    private static CallRow Map(SqliteDataReader reader) => new()
    {
        CallId = reader.Text("call_id"),
        Tool = reader.Text("tool"),
        State = reader.Text("state"),
        SessionId = reader.Text("session_id"),
        Client = reader.TextOrNull("client_name"),
        ThreadId = reader.Text("thread_id"),
        ArgumentsJson = reader.Text("arguments"),
        Runs = (int)reader.Number("runs"),
        AcceptedAt = reader.Time("accepted_at"),
        FinishedAt = reader.NumberOrNull("finished_at") is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
        Provider = reader.TextOrNull("provider"),
        Model = reader.TextOrNull("model"),
        Tokens = reader.Number("tokens"),
        CostUsd = Fraction(reader, "cost"),
    };

    private static double? Fraction(SqliteDataReader reader, string column) =>
        reader.IsDBNull(reader.GetOrdinal(column)) ? null : reader.GetDouble(reader.GetOrdinal(column));

    private static string Escaped(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
}
