using System.Data.Common;
using Exai.Core.Admission.Shares;
using Exai.Core.Calls;
using Exai.Core.Storage.Sql;

namespace Exai.Core.Storage.Postgres;

/// <summary>
/// Permits shared out in a PostgreSQL database. Exchanges run one after the other, under one lock, each on a connection of its own, so that they
/// never hold up the journal. Each has a number: one that was given up and comes to its end later than the next changes nothing.
/// </summary>
internal sealed class PostgresShares : IPermitShares
{
    /// <summary>For this schema, until the end of the transaction.</summary>
    private const string Lock = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.permit_shares', 0))";

    private readonly PostgresDatabase _database;
    private readonly CallOwner _owner;
    private readonly IOwnerLiveness _liveness;
    private long _number;

    /// <param name="liveness">Asked about nothing else: it is shown how often an owner has renewed, not until when.</param>
    /// <param name="news">Null when nothing is heard, as in tests; then each looks by itself.</param>
    public PostgresShares(PostgresDatabase database, CallOwner owner, IOwnerLiveness liveness, PostgresNews? news)
    {
        (_database, _owner, _liveness) = (database, owner, liveness);
        if (news is not null)
        {
            news.PermitsMoved += epoch =>
            {
                if (epoch != _owner.Epoch)
                {
                    Moved?.Invoke();
                }
            };
        }
    }

    public event Action? Moved;

    public ValueTask<ShareAnswer> ExchangeAsync(Func<ShareReport> report, CancellationToken cancellationToken) =>
        _database.AloneAsync(connection => TryAsync(connection, report, ++_number), cancellationToken);

    private async ValueTask<ShareAnswer> TryAsync(DbConnection connection, Func<ShareReport> report, long number)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        var daemons = SqlStatement.Rows(
            "SELECT epoch, process, renewals FROM permit_daemons", row => new Daemon(row.Text("epoch"), row.Text("process"), row.Number("renewals")));
        var shares = SqlStatement.Rows("SELECT * FROM permit_shares", Share);
        var limits = SqlStatement.Rows("SELECT * FROM learned_limits", Learned);
        await SqlStatement.RunAsync(connection, [SqlStatement.Rows(Lock, _ => true), daemons, shares, limits]);
        var said = report();
        var known = daemons.Found.FirstOrDefault(daemon => daemon.Epoch == _owner.Epoch);
        if (known?.Renewals >= number)
        {
            throw new StoreException($"An exchange of permits (number {number}) came after a later one ({known.Renewals}) and changed nothing.", full: false);
        }

        // What the dead held.
        var dead = daemons.Found.Where(daemon => daemon != known && !IsAlive(daemon)).Select(daemon => daemon.Epoch).ToHashSet(StringComparer.Ordinal);
        var changes = dead.Select(epoch => (SqlStatement)SqlStatement.Change("DELETE FROM permit_daemons WHERE epoch = @epoch", ("@epoch", epoch))).ToList();
        var rows = shares.Found.Where(row => !dead.Contains(row.Epoch)).ToList();

        // This daemon's own.
        var settled = ShareBook.Settle(_owner.Epoch, rows, said.Claims);
        if (known is not null || settled.Mine.Count > 0)
        {
            changes.Add(SqlStatement.Change(
                """
                INSERT INTO permit_daemons (epoch, process, renewals) VALUES (@epoch, @process, @number)
                ON CONFLICT (epoch) DO UPDATE SET renewals = excluded.renewals
                """,
                ("@epoch", _owner.Epoch), ("@process", _owner.Process), ("@number", number)));
        }

        changes.AddRange(Changes([.. rows.Where(row => row.Epoch == _owner.Epoch)], settled.Mine));

        // What was learned.
        var learned = limits.Found.ToList();
        foreach (var change in said.Learned)
        {
            var there = learned.Find(row => row.Limit.Provider == change.Limit.Provider && row.Limit.Model == change.Limit.Model);
            if (LearnedMerge.Merge(there, change) is { } merged)
            {
                learned.Remove(there!);
                learned.Add(merged);
                changes.Add(SqlLearnedLimits.Save(merged.Limit, merged.Version));
            }
        }

        if (settled.IsNews)
        {
            changes.Add(SqlStatement.Rows(SqlDialect.Postgres.Say!, _ => true, ("@what", CallTopics.Of(CallTopics.Permits, _owner.Epoch))));
        }

        await SqlStatement.RunAsync(connection, changes);
        await transaction.CommitAsync();
        return new ShareAnswer(settled.Grants, settled.Others, settled.SomebodyWaits, learned);
    }

    /// <summary>A count that grows as an end of a lease does, which is all that is looked at.</summary>
    private bool IsAlive(Daemon daemon) =>
        _liveness.IsAlive(new CallOwner(daemon.Epoch, daemon.Process), DateTimeOffset.FromUnixTimeMilliseconds(daemon.Renewals));

    private static IEnumerable<SqlStatement> Changes(List<ShareRow> before, IReadOnlyList<ShareRow> now) =>
    [
        .. before.Where(old => !now.Any(row => row.Provider == old.Provider && row.Model == old.Model)).Select(old => SqlStatement.Change(
            "DELETE FROM permit_shares WHERE epoch = @epoch AND provider = @provider AND model = @model",
            ("@epoch", old.Epoch), ("@provider", old.Provider), ("@model", old.Model))),
        .. now.Where(row => !before.Contains(row)).Select(row => SqlStatement.Change(
            """
            INSERT INTO permit_shares (epoch, provider, model, held, wanted, turn, global_limit, provider_limit, model_limit)
            VALUES (@epoch, @provider, @model, @held, @wanted, @turn, @global, @key, @limit)
            ON CONFLICT (epoch, provider, model) DO UPDATE SET held = excluded.held, wanted = excluded.wanted, turn = excluded.turn,
                global_limit = excluded.global_limit, provider_limit = excluded.provider_limit, model_limit = excluded.model_limit
            """,
            ("@epoch", row.Epoch), ("@provider", row.Provider), ("@model", row.Model), ("@held", (long)row.Held), ("@wanted", (long)row.Wanted),
            ("@turn", row.Turn), ("@global", (long)row.Limits.Global), ("@key", (long)row.Limits.Provider), ("@limit", (long)row.Limits.Model))),
    ];

    private static ShareRow Share(DbDataReader row) => new(
        row.Text("epoch"), row.Text("provider"), row.Text("model"), (int)row.Number("held"), (int)row.Number("wanted"), row.Number("turn"),
        new ShareLimits((int)row.Number("global_limit"), (int)row.Number("provider_limit"), (int)row.Number("model_limit")));

    private static LearnedRow Learned(DbDataReader row) => new(SqlLearnedLimits.Read(row), row.Number("version"));

    private sealed record Daemon(string Epoch, string Process, long Renewals);
}
