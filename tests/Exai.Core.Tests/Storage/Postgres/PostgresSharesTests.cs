using Exai.Core.Admission;
using Exai.Core.Admission.Shares;
using Exai.Core.Calls;
using Exai.Core.Storage.Postgres;
using Exai.Settings;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Storage.Postgres;

/// <summary>The shares' SQL on a real server.</summary>
public sealed class PostgresSharesTests : IAsyncLifetime
{
    private static readonly ShareLimits Four = new(4, 4, 4);

    private readonly List<IAsyncDisposable> _open = [];
    private readonly HashSet<string> _dead = [];
    private string _url = "";

    private static CancellationToken Patience => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        _url = PostgresServer.Shared.CreateDatabase();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _open.AsEnumerable().Reverse())
        {
            await one.DisposeAsync();
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Shares_of_all_together_stay_within_the_limit()
    {
        var (left, right) = (await OpenAsync("left"), await OpenAsync("right"));

        (await AskAsync(left, keep: 0, wanted: 3)).Grants.Single().ShouldBe(new ShareGrant("glm", "one", 3, 3, 3));
        var answer = await AskAsync(right, keep: 0, wanted: 3);

        answer.Grants.Single().Held.ShouldBe(1);
        answer.Others.Single().ShouldBe(new ShareRow("left", "glm", "one", 3, 3, 4, Four));
        var contended = await AskAsync(left, keep: 3, wanted: 3);
        contended.SomebodyWaits.ShouldBeTrue();
        contended.Grants.Single().ShouldBe(new ShareGrant("glm", "one", 3, 2, 2));
        (await AskAsync(left, keep: 2, wanted: 3)).Grants.Single().Held.ShouldBe(2);
        (await AskAsync(right, keep: 1, wanted: 3)).Grants.Single().Held.ShouldBe(2);
    }

    [Fact(Timeout = 60_000)]
    public async Task Many_at_once_are_granted_no_more_than_there_is()
    {
        var daemons = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => OpenAsync($"epoch-{i}")));
        var granted = 0;
        for (var round = 0; round < 20; round++)
        {
            var answers = await Task.WhenAll(daemons.Select(daemon => AskAsync(daemon, keep: 0, wanted: 1 + (round % 4))));
            // None in some round: each may have left what it held to one that had asked just before, and takes it at its next look.
            granted += answers.Sum(answer => answer.Grants.Sum(grant => grant.Held));
            Held().ShouldBeLessThanOrEqualTo(4);
        }

        granted.ShouldBeGreaterThan(20);

        long Held() => ReadAsync("SELECT COALESCE(SUM(held), 0)::bigint FROM permit_shares").GetAwaiter().GetResult();
    }

    [Fact(Timeout = 60_000)]
    public async Task What_a_dead_daemon_held_is_free_and_a_daemon_that_wants_nothing_leaves_no_share()
    {
        var (left, right) = (await OpenAsync("left"), await OpenAsync("right"));
        await AskAsync(left, keep: 0, wanted: 4);
        (await AskAsync(right, keep: 0, wanted: 4)).Grants.Single().Held.ShouldBe(0);

        _dead.Add("left");
        (await AskAsync(right, keep: 0, wanted: 4)).Grants.Single().Held.ShouldBe(4);

        await right.ExchangeAsync(() => new ShareReport([], []), Patience);
        (await ReadAsync("SELECT COUNT(*) FROM permit_shares")).ShouldBe(0);
    }

    [Fact(Timeout = 60_000)]
    public async Task Daemon_that_was_taken_for_dead_and_lives_says_what_it_runs()
    {
        var (left, right) = (await OpenAsync("left"), await OpenAsync("right"));
        await AskAsync(left, keep: 0, wanted: 2);
        _dead.Add("left");
        (await AskAsync(right, keep: 0, wanted: 4)).Grants.Single().Held.ShouldBe(4);
        _dead.Clear();

        // Two under way there and four here: nothing begins before they have ended.
        var back = await AskAsync(left, keep: 2, wanted: 3);
        back.Grants.Single().Held.ShouldBe(2);
        (await AskAsync(right, keep: 2, wanted: 4)).Grants.Single().Held.ShouldBe(2);
    }

    [Fact(Timeout = 60_000)]
    public async Task Exchange_that_comes_late_changes_nothing()
    {
        var left = await OpenAsync("left");
        await AskAsync(left, keep: 0, wanted: 4);
        await AskAsync(left, keep: 4, wanted: 4);

        // As a try of before that reaches the server now: its number has been used.
        var late = await OpenAsync("left");
        await Should.ThrowAsync<Exai.Core.Storage.StoreException>(AskAsync(late, keep: 0, wanted: 0));

        (await ReadAsync("SELECT held FROM permit_shares")).ShouldBe(4);
    }

    [Fact(Timeout = 60_000)]
    public async Task Last_writer_does_not_undo_what_another_was_taught()
    {
        var (left, right) = (await OpenAsync("left"), await OpenAsync("right"));
        await TeachAsync(left, concurrent: 6, basedOn: 0, lowered: true);

        // Refused at another limit at the same time, and served at an older one.
        (await TeachAsync(right, concurrent: 5, basedOn: 0, lowered: true)).ShouldBe((5, 2));
        (await TeachAsync(left, concurrent: 7, basedOn: 1, lowered: false)).ShouldBe((5, 2));
        (await TeachAsync(left, concurrent: 6, basedOn: 2, lowered: false)).ShouldBe((6, 3));
        (await TeachAsync(right, concurrent: null, basedOn: 3, lowered: false)).ShouldBe((null, 4));
    }

    [Fact(Timeout = 60_000)]
    public async Task Who_waits_is_heard_by_the_others_at_once()
    {
        PostgresAddress.TryParse(_url, out var address, out _).ShouldBeTrue();
        var left = await OpenAsync("left");
        var news = new PostgresNews(address!, TimeProvider.System);
        _open.Add(news);
        var heard = new SemaphoreSlim(0);
        var right = await OpenAsync("right", news);
        right.Moved += () => heard.Release();
        await AskAsync(right, keep: 0, wanted: 4);

        // Once it listens.
        do
        {
            await AskAsync(left, keep: 0, wanted: 0);
            await AskAsync(left, keep: 0, wanted: 1);
        }
        while (!await heard.WaitAsync(TimeSpan.FromMilliseconds(500), Patience));
    }

    private async Task<PostgresShares> OpenAsync(string epoch, PostgresNews? news = null)
    {
        PostgresAddress.TryParse(_url, out var address, out _).ShouldBeTrue();
        var database = await PostgresDatabase.OpenAsync(address!, TimeProvider.System, new ListLogger());
        _open.Add(database);
        return new PostgresShares(database, new CallOwner(epoch, "process"), new Registry(_dead), news);
    }

    private static async Task<ShareAnswer> AskAsync(PostgresShares shares, int keep, int wanted) => await shares.ExchangeAsync(
        () => new ShareReport([new ShareClaim("glm", "one") { Keep = keep, Wanted = wanted, Limits = Four }], []), Patience);

    private static async Task<(int? Concurrent, long Version)> TeachAsync(PostgresShares shares, int? concurrent, long basedOn, bool lowered)
    {
        var limit = new LearnedLimit("glm", "one", concurrent, PerMinute: null, TimeSpan.FromSeconds(30), DateTimeOffset.UnixEpoch);
        var answer = await shares.ExchangeAsync(() => new ShareReport([], [new LearnedChange(limit, basedOn, lowered, PerMinuteLowered: false)]), Patience);
        return (answer.Learned.Single().Limit.Concurrent, answer.Learned.Single().Version);
    }

    private async Task<long> ReadAsync(string sql)
    {
        PostgresAddress.TryParse(_url, out var address, out _).ShouldBeTrue();
        await using var source = PostgresConnections.Open(address!);
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Patience))!;
    }

    private sealed class Registry(HashSet<string> dead) : IOwnerLiveness
    {
        public bool IsAlive(CallOwner owner, DateTimeOffset leaseUntil) => !dead.Contains(owner.Epoch);
    }
}
