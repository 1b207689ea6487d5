using Exai.Core.Admission;

namespace Exai.Core.Tests.Admission;

/// <summary>Trap 65 and invariant 7: of n sessions that wait for the same permits, each gets every n-th; and nobody starves.</summary>
public sealed class FairnessTests
{
    private static readonly AdmissionOptions Wide = new() { GlobalLimit = 1000, SessionLimit = 1000, DefaultProviderLimit = 1000 };

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 20)];

    /// <summary>All wait for one provider, whatever else some of them get elsewhere.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Backlogged_sessions_at_one_provider_differ_by_one_permit_at_most(int seed)
    {
        var random = new Random(seed);
        var sessions = 2 + random.Next(9);
        using var world = new AdmissionWorld(Wide with { ProviderLimits = new Dictionary<string, int> { ["glm"] = 1 + random.Next(6) } });
        var busy = new Backlog(world, random, [.. Enumerable.Range(0, sessions).Select(session => ($"s{session}", "glm"))]);
        var elsewhere = new Backlog(world, random, [.. Enumerable.Range(0, sessions).Where(session => session % 2 == 0).Select(session => ($"s{session}", "kimi"))]);
        for (var step = 0; step < 2000; step++)
        {
            (random.Next(2) == 0 ? busy : elsewhere).EndOne();
            busy.Settle();
            busy.Spread.ShouldBeLessThanOrEqualTo(1, $"seed {seed}, step {step}");
        }
    }

    /// <summary>All wait for the daemon's permits, each at other providers, some at several.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Backlogged_sessions_in_the_daemon_differ_by_one_permit_at_most(int seed)
    {
        var random = new Random(seed);
        var sessions = 2 + random.Next(9);
        using var world = new AdmissionWorld(Wide with { GlobalLimit = 1 + random.Next(6) });
        string[] providers = ["glm", "kimi", "third"];
        var flows = Enumerable.Range(0, sessions)
            .SelectMany(session => providers.Where((_, provider) => provider == session % 3 || random.Next(2) == 0).Select(provider => ($"s{session}", provider)));
        var busy = new Backlog(world, random, [.. flows]);
        for (var step = 0; step < 2000; step++)
        {
            busy.EndOne();
            busy.Settle();
            busy.Spread.ShouldBeLessThanOrEqualTo(1, $"seed {seed}, step {step}");
        }
    }

    /// <summary>
    /// Its own attempts at one provider use up the session's allowance whenever its turn comes at the other: after a bounded number of lost
    /// turns, a permit is kept for the one that waits.
    /// </summary>
    [Fact]
    public void Attempt_that_its_own_session_keeps_from_its_turn_is_served_in_the_end()
    {
        using var world = new AdmissionWorld(Wide with { SessionLimit = 1, ProviderLimits = new Dictionary<string, int> { ["glm"] = 1 } });
        var glm = world.Ask("a", "glm");
        var kimi = world.Ask("b", "kimi");
        var starving = world.Ask("b", "glm");
        var lost = 0;
        while (!starving.Runs)
        {
            // GLM is free only while b runs at Kimi, and b is free only while GLM is taken.
            var (nextGlm, nextKimi) = (world.Ask("a", "glm"), world.Ask("b", "kimi"));
            glm.End();
            kimi.End();
            if (nextKimi.Waits)
            {
                nextGlm.End();
                starving.Runs.ShouldBeTrue("b's permit is kept for it");
                break;
            }

            (glm, kimi) = (nextGlm, nextKimi);
            lost++.ShouldBeLessThan(20);
        }

        lost.ShouldBeGreaterThan(2, "a few lost turns are no reason to hold anything back");
    }

    /// <summary>The daemon's turns and the provider's can play against each other, so that a session is never first in both.</summary>
    [Fact]
    public void Attempt_whose_turns_in_two_scopes_never_meet_is_served_in_the_end()
    {
        using var world = new AdmissionWorld(Wide with { GlobalLimit = 2, ProviderLimits = new Dictionary<string, int> { ["p"] = 1, ["q"] = 2 } });
        var attempts = new List<TestAttempt> { world.Ask("a", "p"), world.Ask("b", "q"), world.Ask("c", "q"), world.Ask("a", "p") };
        var starving = world.Ask("b", "p");
        for (var number = 0; number < 20; number++)
        {
            attempts.AddRange([world.Ask("a", "p"), world.Ask("b", "q"), world.Ask("c", "q")]);
        }

        var rounds = 0;
        while (!starving.Runs)
        {
            // When p is free, c's turn in the daemon is longest ago; then a's; and when b's is, p is taken.
            foreach (var session in (string[])["a", "b", "c"])
            {
                if (!starving.Runs)
                {
                    End(session);
                }
            }

            rounds++.ShouldBeLessThan(10, "three sessions and four flows: passed over at most ten times");
        }

        rounds.ShouldBeGreaterThan(1, "the turns met by themselves, and nothing was shown");

        void End(string session)
        {
            var ends = attempts.First(attempt => attempt.Runs && attempt.Request.SessionId == session);
            attempts.Remove(ends);
            ends.End();
        }
    }

    /// <summary>Flows that always have attempts waiting, and how many permits each session has got.</summary>
    private sealed class Backlog
    {
        private readonly AdmissionWorld _world;
        private readonly Random _random;
        private readonly Dictionary<string, int> _granted;
        private readonly List<TestAttempt> _attempts;
        private readonly HashSet<TestAttempt> _counted;

        public Backlog(AdmissionWorld world, Random random, (string Session, string Provider)[] flows)
        {
            (_world, _random) = (world, random);
            _granted = flows.Select(flow => flow.Session).Distinct().ToDictionary(session => session, _ => 0);
            _attempts = [.. flows.SelectMany(flow => Enumerable.Range(0, 8).Select(_ => world.Ask(flow.Session, flow.Provider)))];
            // Those that came while there was room for all waited for nobody.
            _counted = [.. _attempts.Where(attempt => attempt.Runs)];
        }

        public int Spread => _granted.Values.Max() - _granted.Values.Min();

        public void EndOne()
        {
            Settle();
            if (_attempts.Where(attempt => attempt.Runs).ToList() is { Count: > 0 } running)
            {
                var ends = running[_random.Next(running.Count)];
                _attempts.Remove(ends);
                _counted.Remove(ends);
                // Before the permit is free, or the flow would not wait for it.
                _attempts.Add(_world.Ask(ends.Request.SessionId, ends.Request.Provider));
                ends.End();
            }
        }

        public void Settle()
        {
            foreach (var attempt in _attempts.Where(attempt => attempt.Runs && _counted.Add(attempt)))
            {
                _granted[attempt.Request.SessionId]++;
            }
        }
    }
}
