using Exai.Core.Admission;
using Exai.Testing;

namespace Exai.Core.Tests.Admission.Shares;

/// <summary>
/// Daemons are stopped, killed, cut off from their database and connected again, attempts come and end, in an order that a seed chooses. Never do
/// more run than any limit allows; excepted are those that were under way in a daemon that said nothing for a lease, which can be told from a dead
/// one by nobody. In the end everybody is served.
/// </summary>
public sealed class ShareStormTests(ITestOutputHelper output)
{
    private const int Steps = 1500;

    private static readonly string[] Models = ["a/one", "a/two", "b/one"];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_happens_to_daemons_and_database_no_limit_is_exceeded(int seed) => Simulation.Run(
        async simulation =>
        {
            var storm = new Storm(simulation, new Random(seed));
            for (var step = 0; step < Steps; step++)
            {
                await storm.StepAsync();
            }

            await storm.EndAsync();
            output.WriteLine($"seed {seed}: {storm}");
        },
        seed, usesPool: false);

    private sealed class Storm
    {
        private readonly World _world;
        private readonly Random _random;
        private readonly AdmissionOptions _options;
        private readonly List<Entry> _open = [];
        private readonly HashSet<string> _dead = [];
        private int _granted;
        private int _removed;
        private int _full;

        public Storm(Simulation simulation, Random random)
        {
            (_random, _world) = (random, new World(simulation));
            _options = new AdmissionOptions
            {
                GlobalLimit = 1 + random.Next(6),
                SessionLimit = 1 + random.Next(4),
                ProviderLimits = new Dictionary<string, int> { ["a"] = 1 + random.Next(4), ["b"] = 1 + random.Next(4) },
                QueueMax = 10_000,
            };
            // Some hear news, some do not.
            _world.Board.Said = epoch => _world.Daemons.FindAll(daemon => daemon.Epoch != epoch && _random.Next(2) == 0 && !daemon.Time.IsPaused).ForEach(daemon => daemon.Store.Hear());
            _world.Board.Removed = epoch =>
            {
                _removed++;
                // It was taken for dead: what it runs is nobody's any more.
                _open.RemoveAll(entry => entry.Daemon.Epoch == epoch && _dead.Contains(epoch));
                _open.FindAll(entry => entry.Daemon.Epoch == epoch && entry.Attempt.Runs).ForEach(entry => entry.Forsaken = true);
            };
            for (var i = 0; i < 2 + random.Next(3); i++)
            {
                Add();
            }
        }

        public override string ToString() =>
            $"{_granted} granted, {_world.Daemons.Count} daemons of which {_dead.Count} died, {_removed} taken for dead, {_world.Board.Exchanges} exchanges, at a limit {_full} times";

        public async Task StepAsync()
        {
            var daemon = _world.Daemons[_random.Next(_world.Daemons.Count)];
            switch (_random.Next(24))
            {
                case < 8 when !_dead.Contains(daemon.Epoch) && !daemon.Time.IsPaused && _open.Count < 60:
                    _open.Add(new Entry(daemon, daemon.Ask(Models[_random.Next(Models.Length)], $"session-{_random.Next(3)}")));
                    break;
                case < 15 when _open.FindAll(entry => entry.Attempt.Runs && !entry.Daemon.Time.IsPaused) is { Count: > 0 } running:
                    EndOne(running[_random.Next(running.Count)]);
                    break;
                case 16 when _random.Next(3) == 0:
                    daemon.Time.IsPaused = !daemon.Time.IsPaused || _dead.Contains(daemon.Epoch);
                    break;
                case 17 when _random.Next(3) == 0:
                    daemon.Store.IsAway = !daemon.Store.IsAway;
                    break;
                case 18 when _random.Next(10) == 0:
                    Kill(daemon);
                    break;
                case 19 when _random.Next(20) == 0:
                    _world.Daemons.ForEach(each => each.Store.IsAway = true);
                    break;
                case 20:
                    _world.Daemons.ForEach(each => each.Store.IsAway = false);
                    break;
                case 21 when _open.FindAll(entry => entry.Attempt.Waits) is { Count: > 0 } waiting:
                    waiting[_random.Next(waiting.Count)].Attempt.Token.Cancel();
                    break;
                default:
                    await _world.AfterAsync(_random.Next(1000) / 1000d);
                    break;
            }

            Check();
        }

        /// <summary>All is well again, and everybody who waits is served.</summary>
        public async Task EndAsync()
        {
            var living = _world.Daemons.FindAll(daemon => !_dead.Contains(daemon.Epoch));
            living.ForEach(daemon => (daemon.Time.IsPaused, daemon.Store.IsAway) = (false, false));
            for (var round = 0; _open.Exists(entry => !_dead.Contains(entry.Daemon.Epoch)); round++)
            {
                round.ShouldBeLessThan(300, $"somebody waits for ever: {this}; {string.Join("; ", _world.Board.Rows)}");
                await _world.AfterAsync(0.5);
                Check();
                _open.FindAll(entry => entry.Attempt.Runs && !_dead.Contains(entry.Daemon.Epoch)).ForEach(EndOne);
            }

            await _world.AfterAsync(10);
            living.Sum(daemon => _world.Board.Held(daemon.Epoch)).ShouldBe(0);
        }

        private void Add()
        {
            var daemon = _world.Add(_options);
            daemon.Store.Way = () => TimeSpan.FromMilliseconds(_random.Next(10) == 0 ? _random.Next(400) : _random.Next(4));
        }

        /// <summary>Its requests end with it; what it held comes back later.</summary>
        private void Kill(ShareDaemon daemon)
        {
            if (_dead.Add(daemon.Epoch))
            {
                daemon.Time.IsPaused = true;
                _open.RemoveAll(entry => entry.Daemon == daemon);
                Add();
            }
        }

        private void EndOne(Entry entry)
        {
            _granted++;
            entry.Attempt.End();
            _open.Remove(entry);
        }

        private void Check()
        {
            _open.RemoveAll(entry => entry.Attempt.Permit.IsCanceled);
            var running = _open.FindAll(entry => entry.Attempt.Runs && !entry.Forsaken);
            Require(running.Count, _options.GlobalLimit, "all");
            foreach (var (provider, limit) in _options.ProviderLimits)
            {
                Require(running.Count(entry => entry.Attempt.Request.Provider == provider), limit, provider);
            }
        }

        private void Require(int count, int limit, string of)
        {
            _full += count == limit ? 1 : 0;
            count.ShouldBeLessThanOrEqualTo(limit, $"{of}: {this}; {string.Join("; ", _world.Board.Rows)}");
        }

        private sealed record Entry(ShareDaemon Daemon, TestAttempt Attempt)
        {
            public bool Forsaken { get; set; }
        }
    }
}
