using System.Data.Common;
using System.Globalization;
using Exai.Core.Tokens;

namespace Exai.Core.Storage.Sql;

/// <summary>Named tokens in a database.</summary>
public sealed class SqlTokenStore(IDatabase database) : ITokenStore
{
    public async ValueTask<IReadOnlyList<NamedToken>> ListAsync(CancellationToken cancellationToken) => await database.ReadAsync(
        connection => connection.QueryAsync("SELECT * FROM tokens ORDER BY created_at, hash", Map), cancellationToken);

    public ValueTask<bool> AddAsync(NamedToken token, string who, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            var limits = token.Limits;
            // An index lets a name be in use once.
            var added = await connection.ExecuteAsync(
                """
                INSERT INTO tokens (hash, name, created_at, concurrent, per_minute, usd_per_day, models)
                VALUES (@hash, @name, @at, @concurrent, @perMinute, @usd, @models)
                ON CONFLICT DO NOTHING
                """,
                ("@hash", token.Hash), ("@name", token.Name), ("@at", token.CreatedAt.ToUnixTimeMilliseconds()), ("@concurrent", limits.Concurrent.OrNull()),
                ("@perMinute", limits.PerMinute.OrNull()), ("@usd", limits.UsdPerDay?.ToString(CultureInfo.InvariantCulture)), ("@models", limits.Models?.ToString()));
            if (added == 1)
            {
                await RecordAsync(connection, new TokenEvent(token.CreatedAt, who, TokenDeeds.Added, token.Name, 1, Describe(limits)));
                await SayAsync(connection);
            }

            return added == 1;
        },
        cancellationToken);

    public ValueTask<bool> RevokeAsync(string name, string who, DateTimeOffset at, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            var revoked = await connection.ExecuteAsync(
                "UPDATE tokens SET revoked_at = @at WHERE name = @name AND revoked_at IS NULL", ("@at", at.ToUnixTimeMilliseconds()), ("@name", name));
            if (revoked == 1)
            {
                await RecordAsync(connection, new TokenEvent(at, who, TokenDeeds.Revoked, name, 1, ""));
                await SayAsync(connection);
            }

            return revoked == 1;
        },
        cancellationToken);

    public async ValueTask UsedAsync(IReadOnlyCollection<string> hashes, DateTimeOffset at, CancellationToken cancellationToken) => await database.WriteAsync(
        async connection =>
        {
            foreach (var hash in hashes)
            {
                await connection.ExecuteAsync("UPDATE tokens SET last_used_at = @at WHERE hash = @hash", ("@at", at.ToUnixTimeMilliseconds()), ("@hash", hash));
            }

            return hashes.Count;
        },
        cancellationToken);

    public async ValueTask RecordAsync(IReadOnlyList<TokenEvent> events, CancellationToken cancellationToken) => await database.WriteAsync(
        async connection =>
        {
            foreach (var told in events)
            {
                await RecordAsync(connection, told);
            }

            return events.Count;
        },
        cancellationToken);

    public async ValueTask<IReadOnlyList<TokenEvent>> EventsAsync(int most, CancellationToken cancellationToken) => await database.ReadAsync(
        connection => connection.QueryAsync(
            "SELECT * FROM token_events ORDER BY event_id DESC LIMIT @most",
            reader => new TokenEvent(reader.Time("at"), reader.Text("who"), reader.Text("what"), reader.Text("token"), reader.Number("times"), reader.Text("details")),
            ("@most", most)),
        cancellationToken);

    public ValueTask<int> ForgetEventsAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        database.ForgetAsync("token_events", "event_id", "at < @before", before, cancellationToken);

    public async ValueTask<IReadOnlyDictionary<string, double>> CostAsync(DateTimeOffset since, CancellationToken cancellationToken) =>
        (await database.ReadAsync(
            connection => connection.QueryAsync(
                """
                SELECT token, SUM(CAST(cost_usd AS DOUBLE PRECISION)) AS cost FROM attempts
                WHERE token IS NOT NULL AND started_at >= @since GROUP BY token
                """,
                reader => (Token: reader.Text("token"), Cost: reader.FractionOrNull("cost") ?? 0), ("@since", since.ToUnixTimeMilliseconds())),
            cancellationToken)).ToDictionary(row => row.Token, row => row.Cost, StringComparer.Ordinal);

    private static async ValueTask RecordAsync(DbConnection connection, TokenEvent told) => await connection.ExecuteAsync(
        "INSERT INTO token_events (event_id, at, who, what, token, times, details) VALUES (@id, @at, @who, @what, @token, @times, @details)",
        // It begins with its time, so that ids are in the order of the events.
        ("@id", Guid.CreateVersion7(told.At).ToString()), ("@at", told.At.ToUnixTimeMilliseconds()), ("@who", told.Who), ("@what", told.What),
        ("@token", told.Token), ("@times", told.Times), ("@details", told.Details));

    private async ValueTask SayAsync(DbConnection connection)
    {
        if (database.Dialect.Say is { } say)
        {
            await connection.ExecuteAsync(say, ("@what", CallTopics.Of(CallTopics.Tokens, "changed")));
        }
    }

    private static string Describe(TokenLimits limits) => string.Join(
        "; ",
        new[]
        {
            limits.Concurrent is { } concurrent ? $"{concurrent} at once" : null,
            limits.PerMinute is { } perMinute ? $"{perMinute} a minute" : null,
            limits.UsdPerDay is { } usd ? string.Create(CultureInfo.InvariantCulture, $"{usd} USD a day") : null,
            limits.Models is { } models ? $"models {models}" : null,
        }.OfType<string>().DefaultIfEmpty("no limits"));

    private static NamedToken Map(DbDataReader reader) => new()
    {
        Name = reader.Text("name"),
        Hash = reader.Text("hash"),
        CreatedAt = reader.Time("created_at"),
        RevokedAt = reader.TimeOrNull("revoked_at"),
        LastUsedAt = reader.TimeOrNull("last_used_at"),
        Limits = new TokenLimits
        {
            Concurrent = (int?)reader.NumberOrNull("concurrent"),
            PerMinute = (int?)reader.NumberOrNull("per_minute"),
            UsdPerDay = reader.TextOrNull("usd_per_day") is { } usd ? decimal.Parse(usd, CultureInfo.InvariantCulture) : null,
            Models = ModelAllowance.Parse(reader.TextOrNull("models")),
        },
    };
}
