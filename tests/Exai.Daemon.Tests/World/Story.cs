using Exai.Settings;
using Exai.Testing;

namespace Exai.Daemon.Tests.World;

/// <summary>
/// One seed's events in a <see cref="SimulatedWorld"/>: clients ask, repeat, continue, cancel, claim, end jobs and leave, while links break
/// and fall silent, daemons die between any two writes, drain, hand over and are taken for dead, disks fill and providers fail. In some
/// seeds the host loses its power once, and its last commits with it. Then everything is well again, and the books must balance.
/// </summary>
internal sealed class Story
{
    private const int Steps = 24;

    /// <summary>A client's patience.</summary>
    private const int SecondsToAnswer = 60;

    /// <summary>A cancel's grace, the longest wait of a shim that nobody needs, and what a daemon needs to look.</summary>
    private const int SecondsToCancel = 110;

    private readonly SimulatedWorld _world;
    private readonly Random _random;
    private readonly Action<string> _saw;
    private readonly List<StoryClient> _clients = [];
    private readonly List<Task> _troubles = [];

    private Story(SimulatedWorld world, Action<string> saw) => (_world, _random, _saw) = (world, world.Random, saw);

    private IEnumerable<StoryClient> Present => _clients.Where(client => !client.Shim.HasLeft);

    /// <summary>Plays it to its end.</summary>
    /// <param name="saw">Hears what happened, for a count.</param>
    /// <param name="trace">Hears every message that arrives, with its time.</param>
    /// <exception cref="InvalidOperationException">Something did not hold; names the seed.</exception>
    public static void Play(int seed, Action<string> saw, Action<string>? trace = null)
    {
        var emptyDatabase = SimulatedWorld.EmptyDatabase.Value;
        try
        {
            Simulation.Run(
                async simulation =>
                {
                    using var world = new SimulatedWorld(simulation, seed, emptyDatabase, trace);
                    await new Story(world, happening =>
                    {
                        world.Trace?.Invoke($"--- {happening}");
                        saw(happening);
                    }).RunAsync();
                    if (simulation.Stray is { } stray)
                    {
                        saw($"left the simulation's thread: {stray}");
                    }
                },
                seed,
                usesPool: false);
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"Seed {seed}: {failure.Message}", failure);
        }
    }

    private async Task RunAsync()
    {
        var settings = SettingsLoader.Load(new SettingsSources
        {
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["EXAI_HOME"] = _world.Home.Path,
                ["HOME"] = _world.Home.Path,
                ["EXAI_WS_AUTOSTART"] = "false",
                ["EXAI_WS_TOKEN"] = "a-token-of-sixteen",
            },
        });
        for (var number = 1; number <= 1 + _random.Next(3); number++)
        {
            _clients.Add(new StoryClient(_world, new WorldShim(_world, number, settings, modern: _random.Next(3) == 0), _saw));
        }

        var losesPower = _random.Next(3) == 0 ? _random.Next(Steps) : -1;
        for (var step = 0; step < Steps; step++)
        {
            if (step == losesPower)
            {
                Trouble(_world.LosePowerAsync(_random.NextDouble() * 4), "lost power");
            }

            Step();
            await _world.PassAsync(_random.Next(6) switch { 0 => 0.001, < 4 => _random.NextDouble(), 4 => _random.NextDouble() * 10, _ => _random.NextDouble() * 50 });
        }

        await HealAsync();
        await CheckAsync();
        await EndAsync();
    }

    private void Step()
    {
        if (_random.Next(5) < 3 && Present.ToList() is { Count: > 0 } clients)
        {
            clients[_random.Next(clients.Count)].Act();
            return;
        }

        if (_world.Serving is null && _random.Next(3) > 0)
        {
            _world.Start();
            return;
        }

        switch (_random.Next(14))
        {
            case 0 when _world.Serving is { } daemon:
                _saw("killed");
                daemon.Kill();
                break;
            case 1 or 2 when _world.Serving is { } daemon:
                _saw("dies at a write");
                daemon.Store.DieAtWrite(_random.Next(1, 6), afterTheWrite: _random.Next(2) == 0);
                break;
            case 3 when _world.Serving is { State.IsDraining: false } daemon:
                Trouble(daemon.DrainAsync(), "drained");
                break;
            case 4 or 5 when _world.Serving is { State.IsDraining: false } daemon:
                _world.Start();
                Trouble(daemon.RetireAsync(leavesCalls: _random.Next(3) == 0), "handed over");
                break;
            case 6 or 7 when _world.Daemons.Where(daemon => daemon.Lives).ToList() is { Count: > 0 } living:
                Trouble(_world.TakeForDeadAsync(living[_random.Next(living.Count)], _random.NextDouble() * 20), "taken for dead");
                break;
            case 8 when _world.Serving is { } daemon:
                Trouble(FillAsync(daemon), "disk full");
                break;
            case 9 or 10:
                Trouble(CutOffAsync(_clients[_random.Next(_clients.Count)].Shim), "cut off");
                break;
            case 11 when Connections().ToList() is { Count: > 0 } connections:
                _saw("silent");
                connections[_random.Next(connections.Count)].FallSilent();
                break;
            case 12 or 13 when Connections().ToList() is { Count: > 0 } connections:
                _saw("broken");
                connections[_random.Next(connections.Count)].Break();
                break;
        }
    }

    private IEnumerable<WorldConnection> Connections() => _world.Daemons.SelectMany(daemon => daemon.Connections);

    private void Trouble(Task trouble, string what)
    {
        _saw(what);
        _troubles.Add(trouble);
    }

    private async Task FillAsync(WorldDaemon daemon)
    {
        daemon.Store.Full = true;
        await _world.PassAsync(_random.NextDouble() * 20);
        daemon.Store.Full = false;
    }

    private async Task CutOffAsync(WorldShim shim)
    {
        shim.IsCutOff = true;
        foreach (var connection in Connections().Where(connection => connection.SessionId == shim.SessionId).ToList())
        {
            connection.Break();
        }

        await _world.PassAsync(_random.NextDouble() * (_random.Next(4) == 0 ? 60 : 5));
        shim.IsCutOff = false;
    }

    /// <summary>From here on all is well.</summary>
    private async Task HealAsync()
    {
        _world.Healthy = true;
        await Task.WhenAll(_troubles);
        foreach (var daemon in _world.Daemons)
        {
            daemon.Store.DieAtWrite(int.MaxValue, afterTheWrite: false);
        }

        foreach (var connection in Connections().ToList())
        {
            connection.Break();
        }

        if (_world.Serving is null)
        {
            _world.Start();
        }

        for (var second = 0; second < SecondsToAnswer && !Present.All(client => client.IsAnswered); second++)
        {
            await _world.PassAsync(1);
        }

        if (Present.Any(client => client.HasCancelled))
        {
            await _world.PassAsync(SecondsToCancel);
        }
    }

    private async Task CheckAsync()
    {
        var serving = _world.Serving!;
        foreach (var client in _clients)
        {
            client.CheckAnswers();
        }

        // A cancel is over by now, whatever it met on its way. What is not cancelled has been answered or is a job.
        foreach (var call in _world.Book.Calls.Where(call => call.Outcome is null && Present.Any(client => client.GaveUp(call))))
        {
            var owner = (await serving.Store.FindAsync(call.CallId, CancellationToken.None))!.Owner.Epoch;
            _world.Book.Check(_world.Daemons.All(daemon => daemon.Epoch != owner || daemon.Calls.ProgressOf(call.CallId) is null), $"'{call.Prompt}' goes on in {owner} although it was cancelled");
        }

        foreach (var client in Present)
        {
            await client.ClaimAllAsync();
        }

        await new Audit(_world, serving).RunAsync();
        _world.Book.Violations.ShouldBeEmpty();
    }

    private async Task EndAsync()
    {
        foreach (var client in Present.ToList())
        {
            await client.Shim.LeaveAsync();
        }

        foreach (var daemon in _world.Daemons)
        {
            await daemon.DisposeAsync();
        }

        foreach (var client in _clients)
        {
            client.Shim.Defects.ShouldBeEmpty();
            client.Shim.Dispose();
        }
    }
}
