using Exai.Core.Admission;
using Exai.Testing;

namespace Exai.Core.Tests.Admission.Shares;

/// <summary>Daemons over one board in a simulation.</summary>
internal sealed class World(Simulation simulation)
{
    public ShareBoard Board { get; } = new();

    public List<ShareDaemon> Daemons { get; } = [];

    public static void Run(AdmissionOptions options, int daemons, Func<World, Task> body) => Simulation.Run(async simulation =>
    {
        var world = new World(simulation);
        world.Board.Said = epoch => world.Daemons.FindAll(daemon => daemon.Epoch != epoch && !daemon.Time.IsPaused).ForEach(daemon => daemon.Store.Hear());
        for (var i = 0; i < daemons; i++)
        {
            world.Add(options);
        }

        await body(world);
        foreach (var daemon in world.Daemons)
        {
            (daemon.Store.IsAway, daemon.Time.IsPaused) = (false, false);
            await daemon.DisposeAsync();
        }
    },
    usesPool: false);

    public ShareDaemon Add(AdmissionOptions options)
    {
        var daemon = new ShareDaemon(Board, $"epoch-{Daemons.Count}", simulation.Time, options);
        Daemons.Add(daemon);
        return daemon;
    }

    public Task AfterAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), simulation.Time);

    /// <summary>Keeps everybody's queue full, ends each attempt after about its time, and checks that never more run.</summary>
    /// <returns>How many each daemon served.</returns>
    public async Task<int[]> ServeAsync(int attempts, TimeSpan each, int most, params string[] models)
    {
        models = models.Length == 0 ? ["glm/one"] : models;
        var random = new Random(1);
        var served = new int[Daemons.Count];
        var asked = 0;
        var open = new List<(int Daemon, TestAttempt Attempt, DateTimeOffset? Until)>();
        while (served.Sum() < attempts)
        {
            for (var daemon = 0; daemon < Daemons.Count; daemon++)
            {
                while (open.Count(entry => entry.Daemon == daemon && entry.Attempt.Waits) < 5)
                {
                    open.Add((daemon, Daemons[daemon].Ask(models[asked++ % models.Length]), null));
                }
            }

            await AfterAsync(0.01);
            for (var i = 0; i < open.Count; i++)
            {
                var now = simulation.Time.GetUtcNow();
                open[i] = open[i] with { Until = open[i].Until ?? (open[i].Attempt.Runs ? now + (each * (0.5 + random.NextDouble())) : null) };
                if (now >= open[i].Until)
                {
                    open[i].Attempt.End(ProviderSignal.Served);
                    served[open[i].Daemon]++;
                    open.RemoveAt(i--);
                }
            }

            Daemons.Sum(daemon => daemon.Running).ShouldBeLessThanOrEqualTo(most);
            simulation.Time.GetUtcNow().ShouldBeLessThan(new DateTimeOffset(2026, 11, 21, 12, 30, 0, TimeSpan.Zero), $"served {string.Join(' ', served)}");
        }

        open.FindAll(entry => entry.Attempt.Runs).ForEach(entry => entry.Attempt.End());
        return served;
    }
}
