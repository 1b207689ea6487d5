using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using Exai.Cli.Client;

namespace Exai.Cli.Commands;

/// <summary><c>exai dashboard</c>: opens the page signed in, by a link that works once and within a minute.</summary>
internal static class DashboardCommand
{
    public static Command Create()
    {
        var print = new Option<bool>("--print") { Description = "Print the link and open nothing." };
        var command = new Command("dashboard", "Open the dashboard in a browser, signed in.") { print };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(print), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(bool print, CancellationToken cancellationToken)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (RunningDaemon.Find(settings) is not { } daemon)
        {
            Terminal.Explain($"No daemon runs for {settings.Home.Path}. 'exai start' starts one.");
            return ExitCodes.Failed;
        }

        using var operations = OperationsClient.For(settings, daemon);
        if (operations is null)
        {
            Terminal.Explain("The daemon serves no dashboard (MONITORING_ENABLED, or its port could not be taken; 'exai logs' says).");
            return ExitCodes.Failed;
        }

        var (link, problem) = await operations.PostAsync("/api/v1/signin", cancellationToken);
        if ((string?)link?["path"] is not { } path)
        {
            Terminal.Explain(problem ?? (string?)link?["error"] ?? "The daemon made no link.");
            return ExitCodes.Failed;
        }

        var address = new Uri(operations.Address, path);
        if (print || !TryOpen(address))
        {
            Terminal.Print(address.ToString());
            Terminal.Explain("The link works once, within a minute.");
        }
        else
        {
            Terminal.Print($"{operations.Address} is opening in your browser.");
        }

        if (operations.OtherNames is { } names)
        {
            Terminal.Explain($"The daemon's certificate is for {names}, so a browser asks before it goes on to {operations.Address.Host}.");
        }

        return ExitCodes.Ok;
    }

    private static bool TryOpen(Uri address)
    {
        try
        {
            using var opening = OperatingSystem.IsWindows()
                ? Process.Start(new ProcessStartInfo(address.ToString()) { UseShellExecute = true })
                : Process.Start(new ProcessStartInfo(OperatingSystem.IsMacOS() ? "open" : "xdg-open", [address.ToString()]) { UseShellExecute = false });
            return true;
        }
        catch (Exception failure) when (failure is Win32Exception or InvalidOperationException)
        {
            return false;
        }
    }
}
