using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;

namespace Exai.Torture;

/// <summary>Plays the faults of the plan, one after the other, each when it is due.</summary>
internal sealed class Tormentor(Machine machine, Pace pace, Findings findings, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan WaitsForDaemon = TimeSpan.FromSeconds(60);

    private readonly List<Task> _lasting = [];

    public async Task RunAsync(IEnumerable<PlannedFault> faults)
    {
        Recovery? last = null;
        int? lastVictim = null;
        foreach (var fault in faults)
        {
            if (!await pace.IsDueAsync(fault))
                break;
            if (await VictimAsync(lastVictim) is not { } victim)
            {
                pace.Played();
                continue;
            }

            last?.Serves(time.GetUtcNow());
            await Task.Delay(fault.Moment, time);
            if (fault.Kind is FaultKind.Kill or FaultKind.KillTwice or FaultKind.Terminate)
            {
                last = pace.Dies(killed: fault.Kind == FaultKind.Kill);
                lastVictim = victim;
            }

            await PlayAsync(fault, victim);
            if (fault.Kind is FaultKind.Kill or FaultKind.KillTwice or FaultKind.Terminate)
                _lasting.Add(WatchDeathAsync(last!, victim));
            findings.Fault(fault.Kind);
            pace.Played();
            if (fault.Kind == FaultKind.Kill && await VictimAsync(victim) is not null)
                last!.Serves(time.GetUtcNow());
        }

        await Task.WhenAll(_lasting);
    }

    private async Task PlayAsync(PlannedFault fault, int victim)
    {
        switch (fault.Kind)
        {
            case FaultKind.Kill:
                LinuxProcesses.TryKill(victim);
                break;
            case FaultKind.KillTwice:
                LinuxProcesses.TryKill(victim);
                await KillNewbornAsync(victim, fault.Length);
                break;
            case FaultKind.Terminate:
                LinuxProcesses.TrySend(victim, Signal.Terminate);
                break;
            case FaultKind.Pause:
                LinuxProcesses.TrySend(victim, Signal.Stop);
                await Task.Delay(fault.Length, time);
                LinuxProcesses.TrySend(victim, Signal.Continue);
                break;
            case FaultKind.Restart:
                _lasting.Add(machine.RestartAsync());
                break;
            case FaultKind.Cut:
                machine.Wire.Cut();
                break;
            case FaultKind.HalfOpen:
                machine.Wire.FallSilent();
                break;
            default:
                machine.Wire.Slow(TimeSpan.FromMilliseconds(fault.Length.TotalMilliseconds / 10));
                _lasting.Add(HurryAfterAsync(fault.Length));
                break;
        }
    }

    /// <summary>The next daemon dies too, somewhere between its first instruction and its first answers.</summary>
    private async Task KillNewbornAsync(int victim, TimeSpan age)
    {
        var since = time.GetUtcNow();
        while (time.GetUtcNow() - since < WaitsForDaemon)
        {
            if (machine.Daemons.Where(pid => pid != victim).Select(pid => (int?)pid).FirstOrDefault() is { } newborn)
            {
                await Task.Delay(age, time);
                var death = pace.Dies(killed: false);
                LinuxProcesses.TryKill(newborn);
                _lasting.Add(WatchDeathAsync(death, newborn));
                return;
            }

            await Task.Delay(Look, time);
        }
    }

    /// <summary>Until it drains or is gone; one that does neither may lose calls at any time.</summary>
    private async Task WatchDeathAsync(Recovery death, int pid)
    {
        var since = time.GetUtcNow();
        while (LinuxProcesses.IsAlive(pid) && !(machine.Health is { Status: DaemonStatus.Draining } health && health.Pid == pid))
        {
            if (time.GetUtcNow() - since > WaitsForDaemon)
                return;
            await Task.Delay(Look, time);
        }

        pace.IsDeaf(death);
    }

    private async Task HurryAfterAsync(TimeSpan length)
    {
        await Task.Delay(length, time);
        machine.Wire.Slow(TimeSpan.Zero);
    }

    /// <summary>The daemon that serves now and is not the one that was killed before; null when none came.</summary>
    private async Task<int?> VictimAsync(int? otherThan)
    {
        var since = time.GetUtcNow();
        while (time.GetUtcNow() - since < WaitsForDaemon)
        {
            if (machine.Victim is { } victim && victim != otherThan)
                return victim;
            await Task.Delay(Look, time);
        }

        return null;
    }
}
