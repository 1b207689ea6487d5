using Exai.Core.Models;
using Exai.Core.Storage.Sql;
using Exai.Core.Tokens;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Storage;

public sealed class TokenStoreTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Theory, EveryStore]
    public async Task Token_comes_back_as_it_was_added_and_its_secret_is_nowhere(StoreEngine engine)
    {
        using var file = new TempDatabase(engine);
        await using var database = file.OpenAny();
        var store = new SqlTokenStore(database);
        var secret = TokenSecret.New();
        var token = new NamedToken
        {
            Name = "alice",
            Hash = TokenSecret.Hash(secret),
            CreatedAt = Noon,
            Limits = new TokenLimits { Concurrent = 2, PerMinute = 10, UsdPerDay = 1.25m, Models = new ModelAllowance(["glm/glm-4.6", "kimi/*"]) },
        };
        var bare = Token("bob");

        (await store.AddAsync(token, "me@here", CancellationToken.None)).ShouldBeTrue();
        (await store.AddAsync(bare, "me@here", CancellationToken.None)).ShouldBeTrue();

        (await store.ListAsync(CancellationToken.None)).ShouldBe([token, bare], ignoreOrder: true);
        var events = await store.EventsAsync(10, CancellationToken.None);
        events.Select(told => (told.Who, told.What, told.Token)).ShouldBe([("me@here", "added", "alice"), ("me@here", "added", "bob")], ignoreOrder: true);
        events.Single(told => told.Token == "alice").Details.ShouldBe("2 at once; 10 a minute; 1.25 USD a day; models glm/glm-4.6,kimi/*");
        events.Select(told => told.ToString()).ShouldAllBe(text => !text.Contains(secret, StringComparison.Ordinal));
    }

    [Theory, EveryStore]
    public async Task Name_is_in_use_until_it_is_revoked_and_then_free_again(StoreEngine engine)
    {
        using var file = new TempDatabase(engine);
        await using var database = file.OpenAny();
        var store = new SqlTokenStore(database);
        await store.AddAsync(Token("alice"), "me", CancellationToken.None);

        (await store.AddAsync(Token("alice"), "me", CancellationToken.None)).ShouldBeFalse();
        (await store.RevokeAsync("nobody", "me", Noon, CancellationToken.None)).ShouldBeFalse();
        (await store.RevokeAsync("alice", "me", Noon, CancellationToken.None)).ShouldBeTrue();
        (await store.RevokeAsync("alice", "me", Noon, CancellationToken.None)).ShouldBeFalse();
        (await store.AddAsync(Token("alice"), "me", CancellationToken.None)).ShouldBeTrue();

        (await store.ListAsync(CancellationToken.None)).Select(token => (token.Name, token.RevokedAt)).ShouldBe([("alice", Noon), ("alice", null)], ignoreOrder: true);
        (await store.EventsAsync(10, CancellationToken.None)).Select(told => told.What).ShouldBe(["added", "revoked", "added"], ignoreOrder: true);
    }

    [Theory, EveryStore]
    public async Task Many_add_one_name_at_once_one_of_them_does(StoreEngine engine)
    {
        using var file = new TempDatabase(engine);
        await using var database = file.OpenAny();
        var store = new SqlTokenStore(database);

        var added = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => store.AddAsync(Token("alice"), "me", CancellationToken.None).AsTask()));

        added.Count(done => done).ShouldBe(1);
    }

    [Theory, EveryStore]
    public async Task Use_events_and_costs_are_kept_and_old_events_forgotten(StoreEngine engine)
    {
        using var file = new TempDatabase(engine);
        await using var database = file.OpenAny();
        var store = new SqlTokenStore(database);
        var token = Token("alice");
        await store.AddAsync(token, "me", CancellationToken.None);
        var ledger = new SqlAttemptLedger(database);
        var attempt = new AttemptRecord
        {
            CallId = "call",
            Run = 1,
            Number = 1,
            StartedAt = Noon,
            AskedModel = "auto",
            Provider = "glm",
            Model = "glm-4.6",
            Token = "alice",
            CostUsd = 0.25m,
        };
        await ledger.SaveAsync(attempt, CancellationToken.None);
        await ledger.SaveAsync(attempt with { Number = 2, CostUsd = 0.5m }, CancellationToken.None);
        await ledger.SaveAsync(attempt with { Number = 3, CostUsd = null }, CancellationToken.None);
        await ledger.SaveAsync(attempt with { Number = 4, Token = null }, CancellationToken.None);
        await ledger.SaveAsync(attempt with { Number = 5, StartedAt = Noon.AddDays(-1) }, CancellationToken.None);

        await store.UsedAsync([token.Hash], Noon.AddHours(1), CancellationToken.None);
        await store.RecordAsync([new TokenEvent(Noon.AddHours(2), "alice", TokenDeeds.Refused, "alice", 7, "why")], CancellationToken.None);

        (await store.ListAsync(CancellationToken.None)).Single().LastUsedAt.ShouldBe(Noon.AddHours(1));
        (await store.EventsAsync(1, CancellationToken.None)).ShouldBe([new TokenEvent(Noon.AddHours(2), "alice", TokenDeeds.Refused, "alice", 7, "why")]);
        (await store.CostAsync(TokenLimits.DayOf(Noon), CancellationToken.None)).ShouldBe(new Dictionary<string, double> { ["alice"] = 0.75 });
        (await store.ForgetEventsAsync(Noon.AddHours(1), CancellationToken.None)).ShouldBe(1);
        (await store.EventsAsync(10, CancellationToken.None)).Count.ShouldBe(1);
    }

    internal static NamedToken Token(string name, TokenLimits? limits = null) => new()
    {
        Name = name,
        Hash = TokenSecret.Hash(TokenSecret.New()),
        CreatedAt = Noon,
        Limits = limits ?? new TokenLimits(),
    };
}
