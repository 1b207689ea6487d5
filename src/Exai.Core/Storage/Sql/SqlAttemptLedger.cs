using System.Globalization;
using Exai.Core.Models;
using Exai.Protocol;
using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>The ledger in a database. A request does not wait for its row: rows are written beside it, in their order.</summary>
public sealed class SqlAttemptLedger(IDatabase database) : IAttemptLedger
{
    public async ValueTask SaveAsync(AttemptRecord attempt, CancellationToken cancellationToken) => await database.WriteAsideAsync(
        [SqlStatement.Change(
            """
            INSERT INTO attempts (call_id, run, number, started_at, asked_model, provider, model, outcome, fault, clock, stage,
                queue_ms, connect_ms, first_token_ms, total_ms, tokens_in, tokens_out, tokens_reasoning, tokens_cached, estimated, cost_usd, token)
            VALUES (@call, @run, @number, @started, @asked, @provider, @model, @outcome, @fault, @clock, @stage,
                @queue, @connect, @first, @total, @in, @out, @reasoning, @cached, @estimated, @cost, @token)
            ON CONFLICT (call_id, run, number) DO UPDATE SET started_at = @started, asked_model = @asked, provider = @provider, model = @model,
                outcome = @outcome, fault = @fault, clock = @clock, stage = @stage, queue_ms = @queue, connect_ms = @connect, first_token_ms = @first,
                total_ms = @total, tokens_in = @in, tokens_out = @out, tokens_reasoning = @reasoning, tokens_cached = @cached, estimated = @estimated,
                cost_usd = @cost
            """,
            ("@call", attempt.CallId), ("@run", attempt.Run), ("@number", attempt.Number), ("@started", attempt.StartedAt.ToUnixTimeMilliseconds()),
            ("@asked", attempt.AskedModel), ("@provider", attempt.Provider), ("@model", attempt.Model), ("@outcome", attempt.Outcome),
            ("@fault", attempt.Fault), ("@clock", attempt.Clock), ("@stage", attempt.Stage), ("@queue", attempt.QueueMs), ("@connect", attempt.ConnectMs.OrNull()),
            ("@first", attempt.FirstTokenMs.OrNull()), ("@total", attempt.TotalMs), ("@in", attempt.Tokens.Input), ("@out", attempt.Tokens.Output),
            ("@reasoning", attempt.Tokens.Reasoning), ("@cached", attempt.Tokens.Cached), ("@estimated", attempt.Tokens.Estimated),
            // As text: a binary fraction would not keep a price.
            ("@cost", attempt.CostUsd?.ToString(CultureInfo.InvariantCulture)), ("@token", attempt.Token))],
        cancellationToken);

    public async ValueTask<IReadOnlyList<AttemptRecord>> FindAsync(string callId, CancellationToken cancellationToken) => await database.ReadAsync(
        connection => connection.QueryAsync("SELECT * FROM attempts WHERE call_id = @call ORDER BY run, number", Map, ("@call", callId)), cancellationToken);

    public ValueTask<int> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        database.ForgetAsync("attempts", "call_id, run, number", "started_at < @before", before, cancellationToken);

    private static AttemptRecord Map(DbDataReader reader) => new()
    {
        CallId = reader.Text("call_id"),
        Run = (int)reader.Number("run"),
        Number = (int)reader.Number("number"),
        Token = reader.TextOrNull("token"),
        StartedAt = reader.Time("started_at"),
        AskedModel = reader.Text("asked_model"),
        Provider = reader.Text("provider"),
        Model = reader.Text("model"),
        Outcome = reader.TextOrNull("outcome"),
        Fault = reader.TextOrNull("fault"),
        Clock = reader.TextOrNull("clock"),
        Stage = reader.Text("stage"),
        QueueMs = reader.Number("queue_ms"),
        ConnectMs = reader.NumberOrNull("connect_ms"),
        FirstTokenMs = reader.NumberOrNull("first_token_ms"),
        TotalMs = reader.Number("total_ms"),
        Tokens = new ReceiptTokens
        {
            Input = reader.Number("tokens_in"),
            Output = reader.Number("tokens_out"),
            Reasoning = reader.Number("tokens_reasoning"),
            Cached = reader.Number("tokens_cached"),
            Estimated = reader.Number("estimated") != 0,
        },
        CostUsd = reader.TextOrNull("cost_usd") is { } cost ? decimal.Parse(cost, CultureInfo.InvariantCulture) : null,
    };
}
