using Exai.Protocol;
using Exai.Settings.Home;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>A daemon with process ids of its own: to the others it runs on another host, and only its lease tells whether it lives. This needs root.</summary>
internal sealed record HostedDaemon(BackgroundProcess Process, ExaiHome Home, HealthDocument Health)
{
    /// <param name="name">Of its home, a folder of the machine.</param>
    public static Task<HostedDaemon> StartAsync(ExaiHomeFixture machine, string name, params (string Name, string? Value)[] settings) =>
        StartAsync(machine, ExaiProgram.File, name, settings);

    /// <param name="program">The <c>exai</c> to run.</param>
    public static async Task<HostedDaemon> StartAsync(ExaiHomeFixture machine, string program, string name, params (string Name, string? Value)[] settings)
    {
        var home = new ExaiHome(machine.Folder(name));
        var process = machine.StartInBackground(
            "unshare", ["--pid", "--fork", "--kill-child", "--mount-proc", program, "daemon"], [.. settings, ("EXAI_HOME", home.Path)]);
        HealthDocument? health = null;
        await Patience.ForAsync($"the {name} daemon serves", () => process.HasExited || (health = HealthFile.TryRead(home)) is not null);
        return process.HasExited ? throw new InvalidOperationException($"It ended at once: {await process.EndedAsync()}") : new HostedDaemon(process, home, health!);
    }

    /// <summary>How many links it has now.</summary>
    public int Sessions => HealthFile.TryRead(Home)?.Sessions ?? 0;

    /// <summary>kill -9: it dies with the process that it was started under.</summary>
    public void Kill() => Process.Kill();

    /// <summary>SIGTERM.</summary>
    public void Terminate() => LinuxProcesses.Send(LinuxProcesses.Tree(Process.Pid)[1], Signal.Terminate);
}
