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
        [SqlStatement.Change("DELETE FROM learned_limits"), .. limits.Select(limit => Save(limit, version: 0))], cancellationToken);

    /// <param name="version">Grows with each change where daemons share what they learn.</param>
    internal static SqlStatement Save(LearnedLimit limit, long version) => SqlStatement.Change(
        """
        INSERT INTO learned_limits (provider, model, concurrent, per_minute, probe_after_ms, at, version)
        VALUES (@provider, @model, @concurrent, @perMinute, @probe, @at, @version)
        ON CONFLICT (provider, model) DO UPDATE SET concurrent = excluded.concurrent, per_minute = excluded.per_minute,
            probe_after_ms = excluded.probe_after_ms, at = excluded.at, version = excluded.version
        """,
        ("@provider", limit.Provider), ("@model", limit.Model ?? ""), ("@concurrent", limit.Concurrent.OrNull()), ("@perMinute", limit.PerMinute.OrNull()),
        ("@probe", (long)limit.ProbeAfter.TotalMilliseconds), ("@at", limit.At.ToUnixTimeMilliseconds()), ("@version", version));

    internal static LearnedLimit Read(DbDataReader reader) => new(
        reader.Text("provider"),
        reader.Text("model") is { Length: > 0 } model ? model : null,
        (int?)reader.NumberOrNull("concurrent"),
        (int?)reader.NumberOrNull("per_minute"),
        TimeSpan.FromMilliseconds(reader.Number("probe_after_ms")),
        reader.Time("at"));
}
