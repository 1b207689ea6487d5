using Exai.Protocol;
using Exai.Settings.Home;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>The daemon of a home, whoever started it: known by the health file, ruled by signals.</summary>
internal sealed class DaemonControl(ExaiHomeFixture fixture)
{
    /// <summary>What the health file says; null without one.</summary>
    public HealthDocument? Health => HealthFile.TryRead(fixture.Home);

    /// <summary>Daemons of this home that live now.</summary>
    public IReadOnlyList<int> Pids =>
        [.. LinuxProcesses.OfHome(fixture.Home.Path).Where(process => process.Arguments.Contains("daemon", StringComparer.Ordinal)).Select(process => process.Pid)];

    /// <summary>A living daemon that has written its health file.</summary>
    /// <param name="otherThan">The epoch of a daemon that does not count.</param>
    public Task<HealthDocument> RunningAsync(string? otherThan = null) => Patience.ForAsync(
        "a running daemon", () => Health is { } health && health.Epoch != otherThan && LinuxProcesses.IsAlive(health.Pid) ? health : null);

    public Task<HealthDocument> StatusAsync(string status) => Patience.ForAsync($"a daemon that is {status}", () => Health is { } health && health.Status == status ? health : null);

    /// <summary>Starts a daemon as a person would, in the foreground of some terminal.</summary>
    public Task<BackgroundProcess> StartAsync(params (string Name, string? Value)[] settings) => StartAsync([], settings);

    /// <param name="options">Further words of its command line.</param>
    public async Task<BackgroundProcess> StartAsync(string[] options, params (string Name, string? Value)[] settings)
    {
        var before = Health?.Epoch;
        var process = fixture.StartInBackground(["daemon", .. options], settings);
        await Patience.ForAsync(
            "the daemon that was started serves", () => process.HasExited || (Health is { } health && health.Epoch != before && health.Pid == process.Pid));
        return process.HasExited ? throw new InvalidOperationException($"The daemon ended at once: {await process.EndedAsync()}") : process;
    }

    /// <summary>kill -9, and the certainty that it is dead.</summary>
    /// <returns>What the health file said of it.</returns>
    public async Task<HealthDocument> KillAsync()
    {
        var health = await RunningAsync();
        LinuxProcesses.Send(health.Pid, Signal.Kill);
        await GoneAsync(health.Pid);
        return health;
    }

    public async Task<HealthDocument> TerminateAsync()
    {
        var health = await RunningAsync();
        LinuxProcesses.Send(health.Pid, Signal.Terminate);
        return health;
    }

    public Task GoneAsync(int pid, TimeSpan? limit = null) => Patience.ForAsync($"process {pid} has ended", () => !LinuxProcesses.IsAlive(pid), limit);
}
