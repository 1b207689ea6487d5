using System.CommandLine;
using System.Diagnostics;
using Exai.Cli.Client;
using Exai.Shim.Lifecycle;
using Exai.Shim.Link;

namespace Exai.Cli.Commands;

/// <summary>
/// <c>exai restart</c>: a new daemon beside the old one, which gives it port and lock, finishes its calls and ends. Clients notice nothing
/// but a short pause.
/// </summary>
internal static class RestartCommand
{
    public static Command Create()
    {
        var now = new Option<bool>("--now") { Description = "Do not let the old daemon finish its calls: the new one takes them over. Also ends an old daemon that does not answer." };
        var command = new Command("restart", "Start a new daemon that takes over; the old one finishes its calls beside it.") { now };
        command.SetAction((parsed, cancellationToken) => RestartAsync(parsed.GetValue(now), cancellationToken));
        return command;
    }

    private static async Task<int> RestartAsync(bool now, CancellationToken cancellationToken)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (RunningDaemon.Find(settings) is not { } old)
        {
            return await BackgroundCommands.StartAsync(settings, cancellationToken);
        }

        if (await ServiceManager.TryRunAsync(settings.Home, "restart", cancellationToken) is { } exitCode)
        {
            return exitCode;
        }

        var starter = DaemonStarter.CreateDefault(TimeProvider.System);
        try
        {
            await starter.ReplaceAsync(settings, now, cancellationToken);
        }
        catch (LinkException failure) when (now)
        {
            Terminal.Explain($"{failure.Message}\nThe old daemon (process {old.Pid}) is ended.");
            await KillAsync(old.Pid, cancellationToken);
            return await BackgroundCommands.StartAsync(settings, cancellationToken);
        }
        catch (LinkException failure)
        {
            Terminal.Explain(failure.Message);
            return ExitCodes.Failed;
        }

        if (RunningDaemon.Find(settings) is not { } serving || serving.Epoch == old.Epoch)
        {
            Terminal.Explain($"No new daemon serves yet. {settings.Home.DaemonLog} and {settings.Home.DaemonStartLog} may say why.");
            return ExitCodes.Failed;
        }

        Terminal.Print($"The daemon runs: process {serving.Pid}, port {serving.Port}. The old one (process {old.Pid}) {(now ? "ends" : "finishes its calls and ends")}.");
        return ExitCodes.Ok;
    }

    /// <summary>Losing it is safe at any moment; waiting for it is not, because it may be stuck.</summary>
    private static async Task KillAsync(int pid, CancellationToken cancellationToken)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (ArgumentException)
        {
            // It has ended meanwhile.
        }
    }
}
