using Exai.Core.Storage.Sql;
using Exai.Core.Tests.Storage;
using Exai.Core.Tokens;
using Exai.Protocol;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Tokens;

/// <summary>What a daemon knows of tokens, and how soon.</summary>
public sealed class TokenRegistryTests
{
    [Theory, EveryStore]
    public void Token_is_found_by_its_secret_alone_and_nothing_else_is(StoreEngine engine) => Run(engine, async world =>
    {
        var secret = await world.AddAsync("alice");
        await using var tokens = world.Start();

        tokens.IsRead.ShouldBeTrue();
        tokens.Find(secret, "here")!.Token.ShouldBe("alice");
        tokens.Find(secret + "x", "here").ShouldBeNull();
        tokens.Find("alice", "here").ShouldBeNull();
        tokens.Find(TokenSecret.Hash(secret), "here").ShouldBeNull();
        tokens.Find("", "here").ShouldBeNull();
    });

    [Theory, EveryStore]
    public void Token_that_is_added_or_revoked_elsewhere_is_noticed_within_three_seconds(StoreEngine engine) => Run(engine, async world =>
    {
        await using var tokens = world.Start();
        var secret = await world.AddAsync("alice");
        await world.AfterAsync(3.1);
        var alice = tokens.Find(secret, "here")!;

        await world.Store.RevokeAsync("alice", "me", world.Time.GetUtcNow(), CancellationToken.None);
        alice.Revoked.IsCancellationRequested.ShouldBeFalse();
        await world.AfterAsync(3.1);

        alice.Revoked.IsCancellationRequested.ShouldBeTrue();
        tokens.Find(secret, "here").ShouldBeNull();
    });

    [Theory, EveryStore]
    public void Hint_makes_it_look_at_once(StoreEngine engine) => Run(engine, async world =>
    {
        await using var tokens = world.Start();
        var secret = await world.AddAsync("alice");

        tokens.Look();
        await world.AfterAsync(0.1);

        tokens.Find(secret, "here").ShouldNotBeNull();
    });

    [Theory, EveryStore]
    public void Limits_are_known_by_name_also_before_the_next_look_and_after_a_revocation(StoreEngine engine) => Run(engine, async world =>
    {
        await using var tokens = world.Start();
        await world.AddAsync("alice", new TokenLimits { Concurrent = 3 });

        (await tokens.LimitsAsync("alice", CancellationToken.None)).Concurrent.ShouldBe(3);
        await world.Store.RevokeAsync("alice", "me", world.Time.GetUtcNow(), CancellationToken.None);
        await world.AfterAsync(3.1);
        (await tokens.LimitsAsync("alice", CancellationToken.None)).Concurrent.ShouldBe(3);
        await world.AfterAsync(1);
        await world.AddAsync("alice", new TokenLimits { Concurrent = 5 });
        await world.AfterAsync(3.1);
        (await tokens.LimitsAsync("alice", CancellationToken.None)).Concurrent.ShouldBe(5);
        (await Should.ThrowAsync<CallException>(async () => await tokens.LimitsAsync("nobody", CancellationToken.None))).Error.Code.ShouldBe(ErrorCodes.Unauthorized);
    });

    [Theory, EveryStore]
    public void Use_is_written_once_in_ten_minutes_and_refusals_together(StoreEngine engine) => Run(engine, async world =>
    {
        var secret = await world.AddAsync("alice");
        var tokens = world.Start();
        var used = world.Time.GetUtcNow();
        tokens.Find(secret, "here");
        for (var i = 0; i < 500; i++)
        {
            tokens.Find("wrong", "10.0.0.7");
        }

        await world.AfterAsync(7);
        var first = await LastUsedAsync();
        (first!.Value - used).TotalSeconds.ShouldBeInRange(0, 7);
        tokens.Find(secret, "here");
        await world.AfterAsync(7);
        (await LastUsedAsync()).ShouldBe(first);
        tokens.Refused("alice", new CallError { Code = ErrorCodes.OverCapacity, Message = "too many" });
        await tokens.DisposeAsync();

        var events = (await world.Store.EventsAsync(10, CancellationToken.None)).Where(told => told.What == TokenDeeds.Refused).ToList();
        events.Select(told => (told.Who, told.Token, told.Times, told.Details)).ShouldBe(
            [("unknown", "", 500, "wrong token: from 10.0.0.7"), ("alice", "alice", 1, "OVER_CAPACITY: too many")], ignoreOrder: true);

        async Task<DateTimeOffset?> LastUsedAsync() => (await world.Store.ListAsync(CancellationToken.None)).Single().LastUsedAt;
    });

    [Theory, EveryStore]
    public void Without_named_tokens_wrong_ones_leave_no_trace(StoreEngine engine) => Run(engine, async world =>
    {
        var tokens = world.Start();
        tokens.Find("wrong", "10.0.0.7").ShouldBeNull();
        await world.AfterAsync(7);
        await tokens.DisposeAsync();

        (await world.Store.EventsAsync(10, CancellationToken.None)).ShouldBeEmpty();
    });

    private static void Run(StoreEngine engine, Func<TokenWorld, Task> body) => Simulation.Run(async simulation =>
    {
        using var file = new TempDatabase(engine);
        await using var database = file.OpenAny(simulation.Time);
        await body(new TokenWorld(simulation, new SqlTokenStore(database)));
    });

    private sealed class TokenWorld(Simulation simulation, SqlTokenStore store)
    {
        public VirtualTime Time => simulation.Time;

        public SqlTokenStore Store => store;

        public TokenRegistry Start() => new(store, Time, new ListLogger());

        public Task AfterAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), Time);

        public async Task<string> AddAsync(string name, TokenLimits? limits = null)
        {
            var secret = TokenSecret.New();
            (await store.AddAsync(TokenStoreTests.Token(name, limits) with { Hash = TokenSecret.Hash(secret), CreatedAt = Time.GetUtcNow() }, "me", CancellationToken.None)).ShouldBeTrue();
            return secret;
        }
    }
}
