using Exai.Core.Storage;
using Exai.Core.Storage.Postgres;
using Exai.Core.Storage.Sql;
using Exai.Testing.Stores;
using Npgsql;

namespace Exai.Core.Tests.Storage;

/// <summary>What holds of the tables whichever engine keeps them. SQLite's own way of taking steps: <see cref="SqliteSchemaTests"/>.</summary>
public sealed class StoreSchemaTests
{
    [Fact]
    public async Task Both_stores_have_the_same_tables_and_columns()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        using var file = new TempDatabase();
        await using var sqlite = file.Open();
        var inFile = sqlite.Read(connection => connection.Query(
            "SELECT m.name || '.' || c.name || CASE WHEN c.\"notnull\" OR c.pk THEN '!' ELSE '' END FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'",
            row => row.GetString(0)));

        using var schema = new TempDatabase(StoreEngine.Postgres);
        await using var postgres = schema.OpenAny();
        var inServer = await postgres.ReadAsync(
            connection => connection.QueryAsync(
                """
                SELECT table_name || '.' || column_name || CASE WHEN is_nullable = 'NO' THEN '!' ELSE '' END AS what
                FROM information_schema.columns WHERE table_schema = current_schema()
                """,
                row => row.GetString(0)),
            CancellationToken.None);

        inServer.Where(column => !PostgresSchema.OwnTables.Contains(column.Split('.')[0])).ShouldBe(inFile, ignoreOrder: true);
        inFile.Count.ShouldBeGreaterThan(50);
    }

    [Fact]
    public async Task Newer_schema_of_a_server_is_refused_with_both_numbers_and_left_alone()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        using var schema = new TempDatabase(StoreEngine.Postgres);
        await using (var database = schema.OpenAny())
        {
            await database.WriteAsync(connection => connection.ExecuteAsync("UPDATE schema_version SET version = 99"), CancellationToken.None);
        }

        var refused = Should.Throw<StoreException>(() => schema.OpenAny());

        refused.Message.ShouldContain("schema 99");
        refused.Message.ShouldContain($"up to {StoreSchema.Steps.Length}");
        refused.Message.ShouldContain("newer exai");
    }

    /// <summary>As when all daemons of a cluster start at once.</summary>
    [Fact]
    public async Task Many_migrate_one_server_at_once_each_step_is_taken_once()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var source = NpgsqlDataSource.Create(PostgresConnections.Text(Address(PostgresServer.Shared.CreateDatabase())));
        // Any step that was taken twice would find its table there.
        string[] steps = ["CREATE TABLE one (value TEXT)", "ALTER TABLE one ADD COLUMN more INTEGER", "INSERT INTO one (value) VALUES ('once')"];

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            await using var connection = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
            await PostgresSchema.MigrateAsync(connection, "test", steps);
        }));

        await using var reader = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        (await reader.ScalarAsync<long>("SELECT COUNT(*) FROM one")).ShouldBe(1);
        (await reader.ScalarAsync<long>("SELECT version FROM schema_version")).ShouldBe(3);
    }

    [Fact]
    public async Task A_step_fails_on_a_server_the_schema_stays_whole()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var source = NpgsqlDataSource.Create(PostgresConnections.Text(Address(PostgresServer.Shared.CreateDatabase())));
        await using var connection = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        string[] first = ["CREATE TABLE one (value TEXT)"];
        await PostgresSchema.MigrateAsync(connection, "test", first);

        await Should.ThrowAsync<PostgresException>(PostgresSchema.MigrateAsync(connection, "test", [.. first, "ALTER TABLE one ADD COLUMN half TEXT; CREATE NONSENSE"]));

        (await connection.ScalarAsync<long>("SELECT version FROM schema_version")).ShouldBe(1);
        (await connection.ScalarAsync<long>("SELECT COUNT(*) FROM information_schema.columns WHERE table_name = 'one'")).ShouldBe(1);
    }

    private static Exai.Settings.PostgresAddress Address(string url) =>
        Exai.Settings.PostgresAddress.TryParse(url, out var address, out var error) ? address : throw new InvalidOperationException(error);
}
