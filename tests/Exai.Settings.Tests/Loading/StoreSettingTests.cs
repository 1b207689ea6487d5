namespace Exai.Settings.Tests.Loading;

public sealed class StoreSettingTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Server_is_read_from_its_address()
    {
        var server = Server("postgres://team:p%40ss%3Aword@db.example:6432/exai?sslmode=verify-full&sslrootcert=/etc/ca.pem");

        server.ShouldBe(new PostgresAddress
        {
            Host = "db.example",
            Port = 6432,
            Database = "exai",
            User = "team",
            Password = "p@ss:word",
            SslMode = "verify-full",
            SslRootCertificate = "/etc/ca.pem",
        });
        server.ToString().ShouldBe("postgres://db.example:6432/exai");
        Server("postgresql://db/exai").ShouldBe(new PostgresAddress { Host = "db", Port = 5432, Database = "exai" });
        Server("postgres://localhost/exai?host=/run/postgresql").Host.ShouldBe("/run/postgresql");
    }

    [Theory]
    [InlineData("postgres://secret-user:secret-word@db", "must name one database")]
    [InlineData("postgres://secret-user:secret-word@db/a/b", "must name one database")]
    [InlineData("postgres://secret-user:secret-word@db/exai?sslmode=maybe", "verify-full")]
    [InlineData("postgres://secret-user:secret-word@db/exai?application_name=x", "unknown option 'application_name'")]
    [InlineData("postgres://secret-user:secret-word@db:port/exai", "must be postgres://")]
    [InlineData("mysql://secret-user:secret-word@db/exai", "must be sqlite:")]
    public void Address_that_cannot_be_read_is_a_problem_that_shows_no_password(string text, string words)
    {
        var problem = _temp.Load(("EXAI_STORE", text)).Problems.ShouldHaveSingleItem().ToString();

        problem.ShouldContain(words);
        problem.ShouldNotContain("secret-word");
    }

    [Fact]
    public void Password_is_shown_nowhere()
    {
        var loaded = _temp.Load(("EXAI_STORE", "postgres://team:secret-word@db/exai"));

        loaded.Values.Single(value => value.Definition.Name == "EXAI_STORE").Text.ShouldBe("postgres://(hidden)@db/exai");
        loaded.Settings.Store.Name.ShouldBe("postgres://db:5432/exai");
        loaded.Settings.ToString().ShouldNotContain("secret-word");
        Redactor.For(loaded.Settings, homeToken: null).Clean("it said secret-word").ShouldNotContain("secret-word");
    }

    private PostgresAddress Server(string text)
    {
        var loaded = _temp.Load(("EXAI_STORE", text));
        loaded.Problems.ShouldBeEmpty();
        return loaded.Settings.Store.Server.ShouldNotBeNull();
    }
}
