using System.Data.Common;
using Exai.Core.Admission;

namespace Exai.Core.Storage.Sql;

/// <summary>What was learned about the providers' limits, in a database.</summary>
public sealed class SqlLearnedLimits(IDatabase database) : ILearnedLimits
{
    public async ValueTask<IReadOnlyList<LearnedLimit>> LoadAsync(CancellationToken cancellationToken) => await database.ReadAsync(
        connection => connection.QueryAsync(
            "SELECT * FROM learned_limits ORDER BY provider, model",
            Read),
        cancellationToken);

    public async ValueTask SaveAsync(IReadOnlyList<LearnedLimit> limits, CancellationToken cancellationToken) => await database.WriteAsync(
        async connection =>
        {
            await connection.ExecuteAsync("DELETE FROM learned_limits");
            foreach (var limit in limits)
            {
                await connection.ExecuteAsync(
                    """
                    INSERT INTO learned_limits (provider, model, concurrent, per_minute, probe_after_ms, at)
                    VALUES (@provider, @model, @concurrent, @perMinute, @probe, @at)
                    """,
                    ("@provider", limit.Provider), ("@model", limit.Model ?? ""), ("@concurrent", limit.Concurrent), ("@perMinute", limit.PerMinute),
                    ("@probe", (long)limit.ProbeAfter.TotalMilliseconds), ("@at", limit.At.ToUnixTimeMilliseconds()));
            }

            return limits.Count;
        },
        cancellationToken);

    internal static LearnedLimit Read(DbDataReader reader) => new(
        reader.Text("provider"),
        reader.Text("model") is { Length: > 0 } model ? model : null,
        (int?)reader.NumberOrNull("concurrent"),
        (int?)reader.NumberOrNull("per_minute"),
        TimeSpan.FromMilliseconds(reader.Number("probe_after_ms")),
        reader.Time("at"));
}
