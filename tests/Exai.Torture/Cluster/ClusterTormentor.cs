using Exai.EndToEnd.Tests.Harness;

namespace Exai.Torture;

/// <summary>A time in which a daemon could not know whether others took it for dead.</summary>
internal sealed record Isolation(string Key, DateTimeOffset From, DateTimeOffset Until);

/// <summary>A daemon's sudden death.</summary>
internal sealed record ClusterKill(string Key, DateTimeOffset At);

/// <summary>
/// Plays the faults of a cluster's plan, each when it is due. They overlap: up to two daemons are harmed at once, and balancer and database beside them.
/// </summary>
internal sealed class ClusterTormentor(Cluster cluster, Pace pace, Findings findings, TimeProvider time)
{
    private const int MostHarmed = 2;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    private readonly List<Task> _lasting = [];
    private readonly List<Isolation> _isolations = [];
    private readonly List<ClusterKill> _kills = [];
    private Task _onBalancer = Task.CompletedTask;
    private Task _onDatabase = Task.CompletedTask;

    /// <summary>To be read when the faults are over.</summary>
    public IReadOnlyList<Isolation> Isolations => _isolations;

    /// <summary>To be read when the faults are over.</summary>
    public IReadOnlyList<ClusterKill> Kills => _kills;

    public async Task RunAsync(IEnumerable<PlannedFault> faults)
    {
        try
        {
            foreach (var fault in faults)
            {
                if (!await pace.IsDueAsync(fault))
                    break;
                await Task.Delay(fault.Moment, time);
                await BeginAsync(fault);
                findings.Fault(fault.Kind);
                pace.Played();
            }
        }
        finally
        {
            await Task.WhenAll([_onBalancer, _onDatabase, .. _lasting]);
        }
    }

    private async Task BeginAsync(PlannedFault fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.BalancerKill or FaultKind.BalancerRestart:
                await _onBalancer;
                _onBalancer = HarmBalancerAsync(fault);
                break;
            case FaultKind.DatabaseCrash or FaultKind.DatabaseRestart or FaultKind.DatabasePause:
                await _onDatabase;
                _onDatabase = HarmDatabaseAsync(fault);
                break;
            default:
                var daemon = await WholeAsync(fault.Target);
                daemon.IsHarmed = true;
                _lasting.Add(HarmAsync(daemon, fault));
                break;
        }
    }

    /// <summary>The daemon of that number, or the next one to which nothing happens yet.</summary>
    private async Task<ClusterDaemon> WholeAsync(int number)
    {
        while (true)
        {
            // A daemon that could not be started again is the end of the run.
            if (_lasting.Find(harm => harm.IsFaulted) is { } broken)
                await broken;
            if (cluster.Daemons.Count(daemon => daemon.IsHarmed) < MostHarmed)
                return Enumerable.Range(number, Cluster.Size).Select(at => cluster.Daemons[at % Cluster.Size]).First(daemon => !daemon.IsHarmed);
            await Task.Delay(Look, time);
        }
    }

    private async Task HarmAsync(ClusterDaemon daemon, PlannedFault fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.Kill:
                await KillAsync(daemon, fault.Length);
                break;
            case FaultKind.Drain or FaultKind.Roll:
                await DrainAsync(daemon, next: daemon.IsNext != (fault.Kind == FaultKind.Roll && cluster.HasNext));
                break;
            case FaultKind.ShortPause:
                pace.Befalls("short pause");
                daemon.Stop();
                await Task.Delay(fault.Length, time);
                daemon.Continue();
                break;
            case FaultKind.LongPause:
                pace.Befalls("long pause");
                await IsolateAsync(daemon, daemon.Stop, fault.Length, daemon.Continue);
                break;
            case FaultKind.LosesShims:
                pace.Befalls("partition from shims");
                await HoldAsync([daemon.Links, daemon.Checks], fault);
                break;
            case FaultKind.LosesDatabase:
                pace.Befalls("partition from the database");
                await IsolateAsync(daemon, () => { }, () => HoldAsync([daemon.Database], fault), () => { });
                break;
            default:
                pace.Befalls("partition from all");
                await IsolateAsync(daemon, () => { }, () => HoldAsync([daemon.Links, daemon.Checks, daemon.Database], fault), () => { });
                break;
        }

        daemon.IsHarmed = false;
    }

    private async Task KillAsync(ClusterDaemon daemon, TimeSpan downtime)
    {
        var death = pace.Dies(killed: true);
        _kills.Add(new ClusterKill(daemon.Key, time.GetUtcNow()));
        daemon.Kill();
        await daemon.EndedAsync();
        pace.IsDeaf(death);
        await Task.Delay(downtime, time);
        await daemon.StartAsync(daemon.IsNext);
    }

    private async Task DrainAsync(ClusterDaemon daemon, bool next)
    {
        pace.Befalls("drain");
        var death = pace.Dies(killed: false);
        daemon.Terminate();
        await daemon.EndedAsync();
        pace.IsDeaf(death);
        await daemon.StartAsync(next);
    }

    /// <summary>Its calls may be taken over meanwhile, and what it has begun at the provider nobody counts any more.</summary>
    private async Task IsolateAsync(ClusterDaemon daemon, Action begin, Func<Task> last, Action end)
    {
        var death = pace.Dies(killed: false);
        var from = time.GetUtcNow();
        begin();
        await last();
        end();
        pace.IsDeaf(death);
        _isolations.Add(new Isolation(daemon.Key, from, time.GetUtcNow()));
    }

    private Task IsolateAsync(ClusterDaemon daemon, Action begin, TimeSpan length, Action end) => IsolateAsync(daemon, begin, () => Task.Delay(length, time), end);

    /// <summary>By turns what was sent meanwhile arrives, or its connections are found broken.</summary>
    private async Task HoldAsync(Wire[] wires, PlannedFault fault)
    {
        foreach (var wire in wires)
            wire.Hold();
        await Task.Delay(fault.Length, time);
        foreach (var wire in wires)
        {
            if (fault.Number % 2 == 0)
                wire.Cut();
            wire.Release();
        }
    }

    private async Task HarmBalancerAsync(PlannedFault fault)
    {
        pace.Befalls("balancer away");
        await cluster.EndBalancerAsync(fault.Kind == FaultKind.BalancerKill ? Signal.Kill : Signal.Terminate);
        await Task.Delay(fault.Kind == FaultKind.BalancerKill ? fault.Length : TimeSpan.Zero, time);
        cluster.StartBalancer();
    }

    private async Task HarmDatabaseAsync(PlannedFault fault)
    {
        pace.Befalls("database away");
        var since = time.GetUtcNow();
        if (fault.Kind == FaultKind.DatabasePause)
        {
            cluster.SignalDatabase(Signal.Stop);
            await Task.Delay(fault.Length, time);
            cluster.SignalDatabase(Signal.Continue);
            return;
        }

        await cluster.Database.StopAsync(immediate: fault.Kind == FaultKind.DatabaseCrash);
        await cluster.Database.StartAsync();
        findings.Time("restart of the database", time.GetUtcNow() - since);
    }
}
