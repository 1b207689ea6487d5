using System.CommandLine;
using Exai.Cli.Client;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Cli.Commands;

/// <summary><c>exai health</c>: exit 0 when the local daemon is ready, 1 with the reason when it is not. For container health checks.</summary>
internal static class HealthCommand
{
    public static Command Create()
    {
        var command = new Command("health", "Exit 0 when the local daemon is ready, 1 when it is not.");
        command.SetAction((_, cancellationToken) => RunAsync(cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (RunningDaemon.Find(settings) is not { } daemon)
        {
            Terminal.Explain($"No daemon runs for {settings.Home.Path}.");
            return ExitCodes.Failed;
        }

        var (ready, problem) = await IsReadyAsync(settings, daemon, cancellationToken);
        if (ready)
        {
            Terminal.Print("ready");
            return ExitCodes.Ok;
        }

        Terminal.Explain($"The daemon (process {daemon.Pid}) is not ready: {problem}.");
        return ExitCodes.Failed;
    }

    /// <summary>The daemon's own word; without an operations endpoint that of the health file.</summary>
    private static async Task<(bool Ready, string? Problem)> IsReadyAsync(ExaiSettings settings, HealthDocument daemon, CancellationToken cancellationToken)
    {
        using var operations = OperationsClient.For(settings, daemon);
        return operations is not null
            ? await operations.IsReadyAsync(cancellationToken)
            : (daemon.Status is DaemonStatus.Ready or DaemonStatus.Busy, $"its health file says {daemon.Status}");
    }
}
