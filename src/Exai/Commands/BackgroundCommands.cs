using System.CommandLine;
using System.Diagnostics;
using Exai.Cli.Client;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;
using Exai.Shim.Lifecycle;

namespace Exai.Cli.Commands;

/// <summary><c>exai start</c> and <c>stop</c>: the daemon in the background.</summary>
internal static class BackgroundCommands
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    public static Command CreateStart()
    {
        var command = new Command("start", "Start the daemon in the background.");
        command.SetAction((_, cancellationToken) => StartAsync(cancellationToken));
        return command;
    }

    public static Command CreateStop()
    {
        var command = new Command("stop", "Let the daemon finish its calls and end. Shims do not start it again until 'exai start'.");
        command.SetAction((_, cancellationToken) => StopAsync(cancellationToken));
        return command;
    }

    private static async Task<int> StartAsync(CancellationToken cancellationToken) =>
        Configuration.LoadOrExplain() is { } settings ? await StartAsync(settings, cancellationToken) : ExitCodes.WrongUsage;

    internal static async Task<int> StartAsync(ExaiSettings settings, CancellationToken cancellationToken)
    {
        if (RunningDaemon.Find(settings) is { } running)
        {
            Terminal.Print($"The daemon runs already: process {running.Pid}, port {running.Port}.");
            return ExitCodes.Ok;
        }

        if (await ServiceManager.TryRunAsync(settings.Home, "start", cancellationToken) is { } exitCode)
        {
            return exitCode;
        }

        try
        {
            OwnershipFile.Write(Created(settings.Home), new DaemonOwnership { ManagedBy = "shim" });
            new CrashRecord(settings.Home, TimeProvider.System).Forget();
            await DaemonStarter.CreateDefault(TimeProvider.System).StartOnceAsync(settings, cancellationToken);
        }
        catch (Exception failure) when (failure is HomeException or Exai.Shim.Link.LinkException)
        {
            Terminal.Explain(failure.Message);
            return ExitCodes.Failed;
        }

        if (RunningDaemon.Find(settings) is not { } started)
        {
            Terminal.Explain($"The daemon did not start in time. {settings.Home.DaemonLog} and {settings.Home.DaemonStartLog} may say why.");
            return ExitCodes.Failed;
        }

        Terminal.Print($"The daemon runs: process {started.Pid}, port {started.Port}.");
        return ExitCodes.Ok;
    }

    private static async Task<int> StopAsync(CancellationToken cancellationToken)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (RunningDaemon.Find(settings) is not { } running)
        {
            Terminal.Print("No daemon runs.");
            return ExitCodes.Ok;
        }

        OwnershipFile.Write(settings.Home, OwnershipFile.Read(settings.Home) with { StoppedOnPurpose = true });
        using var process = Process.GetProcessById(running.Pid);
        Signals.Terminate(process);
        var limit = settings.Calls.Drain + TimeSpan.FromSeconds(10);
        var started = TimeProvider.System.GetTimestamp();
        while (!process.HasExited && TimeProvider.System.GetElapsedTime(started) < limit)
        {
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }

        if (!process.HasExited)
        {
            Terminal.Explain($"The daemon (process {running.Pid}) did not end within {limit.TotalSeconds:0} s. 'kill -9 {running.Pid}' is safe: no call is lost.");
            return ExitCodes.Failed;
        }

        Terminal.Print($"The daemon (process {running.Pid}) has ended.");
        return ExitCodes.Ok;
    }

    private static ExaiHome Created(ExaiHome home)
    {
        home.EnsureCreated();
        return home;
    }
}
