using Exai.Core.Storage.Postgres;
using Exai.Core.Storage.Sql;
using Exai.Core.Storage.Sqlite;
using Exai.Core.Tokens;
using Exai.Testing;

namespace Exai.Daemon.Tests.Security;

/// <summary>Adds and revokes tokens as <c>exai token</c> does: on the store of a running daemon, without a word to it.</summary>
internal sealed class TokenDesk : IAsyncDisposable
{
    private readonly IDatabase _database;

    private TokenDesk(IDatabase database) => (_database, Store) = (database, new SqlTokenStore(database));

    public SqlTokenStore Store { get; }

    public static async Task<TokenDesk> OpenAsync(DaemonFixture daemon) => new(daemon.Settings.Store.Server is { } server
        ? await PostgresDatabase.OpenAsync(server, TimeProvider.System, new ListLogger())
        : SqliteDatabase.Open(daemon.Settings.Store.Path, fullSync: false));

    /// <summary>A token that the daemon takes by the time this is over.</summary>
    public async Task<string> AddAsync(DaemonFixture daemon, string name, TokenLimits? limits = null)
    {
        var secret = TokenSecret.New();
        var token = new NamedToken { Name = name, Hash = TokenSecret.Hash(secret), CreatedAt = TimeProvider.System.GetUtcNow(), Limits = limits ?? new TokenLimits() };
        (await Store.AddAsync(token, "me", Patience.Token())).ShouldBeTrue();
        var patience = Patience.Token();
        while (true)
        {
            await using var client = await LinkClient.ConnectAsync(daemon.Host.Port, secret);
            if (client.Status == System.Net.HttpStatusCode.SwitchingProtocols)
            {
                await client.CloseAsync();
                return secret;
            }

            patience.ThrowIfCancellationRequested();
        }
    }

    public async Task RevokeAsync(string name) => (await Store.RevokeAsync(name, "me", TimeProvider.System.GetUtcNow(), Patience.Token())).ShouldBeTrue();

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
