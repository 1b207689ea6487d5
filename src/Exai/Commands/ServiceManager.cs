using System.ComponentModel;
using System.Diagnostics;
using Exai.Settings.Home;

namespace Exai.Cli.Commands;

/// <summary>A daemon that systemd looks after is started and restarted by systemd; a process beside it would only get in its way.</summary>
internal static class ServiceManager
{
    private const string Unit = "exai.service";

    /// <summary>Runs <c>systemctl --user VERB exai.service</c> if systemd looks after the daemon of this home.</summary>
    /// <returns>The exit code of this command; null when no service manager looks after it.</returns>
    public static async Task<int?> TryRunAsync(ExaiHome home, string verb, CancellationToken cancellationToken)
    {
        if (OwnershipFile.Read(home).ManagedBy != "systemd")
        {
            return null;
        }

        try
        {
            using var process = Process.Start(new ProcessStartInfo("systemctl", ["--user", verb, Unit])) ?? throw new InvalidOperationException("no process was started");
            await process.WaitForExitAsync(cancellationToken);
            Terminal.Print($"systemd looks after this daemon: 'systemctl --user {verb} {Unit}' ended with exit code {process.ExitCode}.");
            return process.ExitCode == 0 ? ExitCodes.Ok : ExitCodes.Failed;
        }
        catch (Exception failure) when (failure is Win32Exception or InvalidOperationException)
        {
            Terminal.Explain($"systemd looks after this daemon, and 'systemctl --user {verb} {Unit}' could not be run: {failure.Message}");
            return ExitCodes.Failed;
        }
    }
}
