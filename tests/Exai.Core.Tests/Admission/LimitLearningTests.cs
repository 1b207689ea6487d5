using Exai.Core.Admission;
using Exai.Core.Storage.Sql;
using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Admission;

public sealed class LimitLearningTests(ITestOutputHelper output)
{
    private static readonly AdmissionOptions Wide = new() { GlobalLimit = 24, SessionLimit = 8, DefaultProviderLimit = 4 };

    /// <summary>GLM's coding plans serve one to three at once, whatever is configured.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Plan_that_serves_fewer_at_once_than_configured_refuses_a_handful_in_three_hours_of_backlog(int concurrent)
    {
        using var world = new AdmissionWorld(Wide);
        using var provider = new StrictProvider(world, concurrent, perMinute: int.MaxValue);
        provider.Run(TimeSpan.FromHours(1));
        var (served, refused) = (provider.Served, provider.Refused);
        provider.Run(TimeSpan.FromHours(2));
        output.WriteLine($"first hour: {served} served, {refused} refused; after that {provider.Served - served} and {provider.Refused - refused}");
        refused.ShouldBeLessThanOrEqualTo(12);
        (provider.Refused - refused).ShouldBeLessThanOrEqualTo(6, "it is tried again whether more is served by now, ever more rarely");
        // Ten seconds each: what the plan serves at best, less what was learned too low for a while.
        (provider.Served - served).ShouldBeGreaterThan(concurrent * 720 * 9 / 10);
    }

    /// <summary>Kimi's tier 0: one at once, three a minute.</summary>
    [Fact]
    public void Key_with_three_requests_a_minute_is_not_stormed()
    {
        using var world = new AdmissionWorld(Wide);
        using var provider = new StrictProvider(world, concurrent: 1, perMinute: 3);
        provider.Run(TimeSpan.FromHours(1));
        var (served, refused) = (provider.Served, provider.Refused);
        provider.Run(TimeSpan.FromHours(2));
        output.WriteLine($"first hour: {served} served, {refused} refused; after that {provider.Served - served} and {provider.Refused - refused}");
        refused.ShouldBeLessThanOrEqualTo(20);
        (provider.Refused - refused).ShouldBeLessThanOrEqualTo(10);
        (provider.Served - served).ShouldBeGreaterThan(3 * 120 * 8 / 10);
    }

    [Fact]
    public void Refusal_beside_others_lowers_the_limit_by_a_third_and_being_served_raises_it_by_one()
    {
        using var world = new AdmissionWorld(Wide with { DefaultProviderLimit = 6 });
        var running = Enumerable.Range(0, 6).Select(_ => world.Ask("a")).ToList();
        var news = running[0].Held.Learn(ProviderSignal.Refused);
        news.ShouldBe(new ReceiptLimit("glm") { Model = "glm-model", Concurrent = 4 });
        world.Provider("glm").Models.Single().LearnedLimit.ShouldBe(4);
        running[0].End();
        running[1].End();
        world.Ask("a").Waits.ShouldBeTrue();

        world.After(31);
        running[2].Held.Learn(ProviderSignal.Served).ShouldBe(new ReceiptLimit("glm") { Model = "glm-model", Concurrent = 5 });
        running[2].End(ProviderSignal.Neutral);
        world.Provider("glm").Models.Single().LearnedLimit.ShouldBe(5);
        world.Provider("glm").Scope.LearnedLimit.ShouldBeNull("only the model was too wide");
    }

    [Fact]
    public void Limit_never_goes_beyond_what_is_configured()
    {
        using var world = new AdmissionWorld(Wide with { DefaultProviderLimit = 2 });
        for (var round = 0; round < 20; round++)
        {
            world.After(3600);
            var both = new[] { world.Ask("a"), world.Ask("a") };
            both[0].End(ProviderSignal.Served);
            both[1].End(ProviderSignal.Served);
        }

        world.Provider("glm").Scope.ShouldBe(new ScopeSnapshot("glm", 0, 2, 0));
    }

    [Fact]
    public void Retry_after_pauses_all_models_of_the_key_and_no_other_key()
    {
        using var world = new AdmissionWorld(Wide);
        var refused = world.Ask("a", model: "one");
        refused.Held.Learn(ProviderSignal.Refused, TimeSpan.FromSeconds(20))!.PausedMs.ShouldBe(20_000);
        refused.End();
        var paused = world.Ask("b", model: "two");
        world.Ask("b", "kimi").Runs.ShouldBeTrue();
        world.Provider("glm").PausedUntil.ShouldBe(world.Time.GetUtcNow() + TimeSpan.FromSeconds(20));
        world.After(19.9);
        paused.Waits.ShouldBeTrue();
        world.After(0.2);
        paused.Runs.ShouldBeTrue();
    }

    [Fact]
    public void Attempts_that_a_pause_held_back_start_one_after_the_other()
    {
        using var world = new AdmissionWorld(Wide);
        world.Ask("a").End(ProviderSignal.Refused, TimeSpan.FromSeconds(5));
        var held = Enumerable.Range(0, 3).Select(_ => world.Ask("a")).ToList();
        world.After(5);
        held.Count(attempt => attempt.Runs).ShouldBe(1);
        world.After(1);
        held.Count(attempt => attempt.Runs).ShouldBe(2);
        held[0].End(ProviderSignal.Served);
        held.Count(attempt => attempt.Runs).ShouldBe(3);
    }

    /// <summary>Providers that are busy refuse a request now and then, whatever the key may do.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Provider_that_refuses_by_chance_serves_on(int waiting)
    {
        using var world = new AdmissionWorld(Wide);
        using var provider = new StrictProvider(world, concurrent: 100, perMinute: int.MaxValue) { Waiting = waiting, RefusesBySeed = 7 };
        provider.Run(TimeSpan.FromHours(3));
        output.WriteLine($"{provider.Served} served, {provider.Refused} refused");
        provider.Refused.ShouldBeGreaterThan(5);
        // Ten seconds each, as many at once as ask or may, less the pauses and what was held back for a while.
        provider.Served.ShouldBeGreaterThan(Math.Min(2 * waiting, Wide.DefaultProviderLimit) * 1080 * 8 / 10);
    }

    [Fact]
    public void One_refusal_of_what_was_served_before_lowers_nothing_and_the_next_one_does()
    {
        using var world = new AdmissionWorld(Wide);
        var running = Enumerable.Range(0, 4).Select(_ => world.Ask("a")).ToList();
        foreach (var attempt in running)
        {
            attempt.Held.Learn(ProviderSignal.Served);
        }

        running[0].Held.Learn(ProviderSignal.Refused).ShouldBeNull();
        running[0].End();
        world.Ask("a").Held.Learn(ProviderSignal.Refused)!.Concurrent.ShouldBe(2);
        running.Skip(1).ToList().ForEach(attempt => attempt.End());
    }

    [Fact]
    public void One_refusal_alone_makes_the_next_attempt_wait_a_moment_and_teaches_no_rate()
    {
        using var world = new AdmissionWorld(Wide);
        for (var call = 0; call < 3; call++)
        {
            world.Ask("a").End(ProviderSignal.Served);
        }

        var refused = world.Ask("a");
        refused.Held.Learn(ProviderSignal.Refused)!.PerMinute.ShouldBeNull();
        refused.End();
        var next = world.Ask("a");
        next.Waits.ShouldBeTrue();
        world.After(1);
        next.Held.Learn(ProviderSignal.Refused)!.PerMinute.ShouldBe(3, "it is refused again");
        next.End();
    }

    [Fact]
    public void Limit_that_an_earlier_daemon_learned_long_ago_is_due_for_one_more()
    {
        using var world = new AdmissionWorld(Wide);
        var at = world.Time.GetUtcNow();
        world.Permits.Restore(
        [
            new LearnedLimit("glm", "glm-model", Concurrent: 1, PerMinute: null, TimeSpan.FromMinutes(8), at - TimeSpan.FromMinutes(9)),
            new LearnedLimit("kimi", "kimi-model", Concurrent: 1, PerMinute: null, TimeSpan.FromMinutes(8), at - TimeSpan.FromMinutes(7)),
            new LearnedLimit("other", "other-model", Concurrent: 1, PerMinute: null, TimeSpan.FromMinutes(8), at + TimeSpan.FromMinutes(7)),
        ]);
        foreach (var provider in (string[])["glm", "kimi", "other"])
        {
            world.Ask("a", provider).End(ProviderSignal.Served);
        }

        Limits().ShouldBe([2, 1, 1]);
        world.Permits.Learned().Limits.Select(limit => limit.At).ShouldBe([at, at - TimeSpan.FromMinutes(7), at]);
        world.After(120);
        foreach (var provider in (string[])["kimi", "other"])
        {
            world.Ask("a", provider).End(ProviderSignal.Served);
        }

        Limits().ShouldBe([2, 2, 1], "a clock that was ahead counts from now on");

        int[] Limits() => [.. ((string[])["glm", "kimi", "other"]).Select(provider => world.Provider(provider).Models.Single().Limit)];
    }

    [Theory, EveryStore]
    public async Task What_was_learned_is_kept_over_a_restart(StoreEngine store)
    {
        using var file = new TempDatabase(store);
        await using (var database = file.OpenAny())
        {
            using var world = new AdmissionWorld(Wide);
            var upkeep = new AdmissionUpkeep(world.Permits, new SqlLearnedLimits(database), TimeSpan.FromSeconds(30), world.Time, world.Log);
            var both = new[] { world.Ask("a"), world.Ask("a") };
            both[0].End(ProviderSignal.Refused);
            both[1].End();
            await upkeep.DisposeAsync();
        }

        await using (var database = file.OpenAny())
        {
            using var world = new AdmissionWorld(Wide);
            await using var upkeep = new AdmissionUpkeep(world.Permits, new SqlLearnedLimits(database), TimeSpan.FromSeconds(30), world.Time, world.Log);
            world.Provider("glm").Models.ShouldBe([new ScopeSnapshot("glm-model", 0, 1, 0, LearnedLimit: 1)]);
            world.Ask("a").Runs.ShouldBeTrue();
            world.Ask("a").Waits.ShouldBeTrue();
            world.Log.Entries.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Store_that_cannot_be_read_or_written_costs_only_what_was_learned()
    {
        using var world = new AdmissionWorld(Wide);
        var store = new MemoryLimits { Failure = new Core.Storage.StoreException("no", full: false) };
        await using (new AdmissionUpkeep(world.Permits, store, TimeSpan.FromSeconds(30), world.Time, world.Log))
        {
            var both = new[] { world.Ask("a"), world.Ask("a") };
            both[0].End(ProviderSignal.Refused);
            world.After(30);
            store.Failure = null;
            world.After(30);
            both[1].End();
        }

        store.Kept.ShouldHaveSingleItem().Concurrent.ShouldBe(1);
        store.Saves.ShouldBe(1);
        world.Log.Entries.Count.ShouldBe(2, "one line that they could not be read, one that they could not be written");
    }

    /// <summary>Two sessions with calls always waiting, against a provider that refuses what is beyond its limits.</summary>
    private sealed class StrictProvider(AdmissionWorld world, int concurrent, int perMinute) : IDisposable
    {
        private static readonly TimeSpan Tick = TimeSpan.FromSeconds(0.25);
        private static readonly TimeSpan Answering = TimeSpan.FromSeconds(10);

        private readonly List<TestAttempt> _waiting = [];
        private readonly List<(TestAttempt Attempt, TimeSpan Since)> _running = [];
        private readonly Queue<TimeSpan> _accepted = [];
        private Random? _chance;

        /// <summary>Attempts of each session.</summary>
        public int Waiting { get; init; } = 3;

        /// <summary>Refuses one in a hundred for no reason.</summary>
        public int RefusesBySeed { init => _chance = new Random(value); }

        public int Served { get; private set; }

        public int Refused { get; private set; }

        public void Run(TimeSpan duration)
        {
            for (var until = world.Elapsed + duration; world.Elapsed < until; world.Time.Advance(Tick))
            {
                foreach (var (attempt, _) in _running.Where(running => world.Elapsed - running.Since >= Answering).ToList())
                {
                    _running.RemoveAll(running => running.Attempt == attempt);
                    Served++;
                    attempt.End(ProviderSignal.Served);
                }

                foreach (var session in (string[])["a", "b"])
                {
                    while (_waiting.Count(attempt => attempt.Request.SessionId == session) < Waiting)
                    {
                        _waiting.Add(world.Ask(session));
                    }
                }

                foreach (var granted in _waiting.Where(attempt => attempt.Runs).ToList())
                {
                    _waiting.Remove(granted);
                    Receive(granted);
                }
            }
        }

        public void Dispose()
        {
            _waiting.ForEach(attempt => attempt.Token.Cancel());
            _running.ForEach(running => running.Attempt.End());
        }

        private void Receive(TestAttempt attempt)
        {
            while (_accepted.TryPeek(out var oldest) && oldest + TimeSpan.FromMinutes(1) <= world.Elapsed)
            {
                _accepted.Dequeue();
            }

            if (_chance?.Next(100) == 0 || _running.Count >= concurrent || _accepted.Count >= perMinute)
            {
                Refused++;
                attempt.End(ProviderSignal.Refused);
                return;
            }

            _accepted.Enqueue(world.Elapsed);
            _running.Add((attempt, world.Elapsed));
        }
    }
}
