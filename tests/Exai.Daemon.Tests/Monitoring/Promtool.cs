using System.Diagnostics;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>Prometheus's own checker, where it is installed.</summary>
internal static class Promtool
{
    private static bool IsThere => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "promtool")));

    /// <summary>Exit code and all that it says. Skips the test where there is none.</summary>
    public static async Task<(int ExitCode, string Complaints)> CheckAsync(string what, string? input = null, params string[] files)
    {
        Assert.SkipUnless(IsThere, "promtool is not installed (Debian: apt install prometheus)");
        using var promtool = Process.Start(new ProcessStartInfo("promtool", ["check", what, .. files])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await promtool.StandardInput.WriteAsync(input);
        promtool.StandardInput.Close();
        var complaints = await promtool.StandardError.ReadToEndAsync(Patience.Token()) + await promtool.StandardOutput.ReadToEndAsync(Patience.Token());
        await promtool.WaitForExitAsync(Patience.Token());
        return (promtool.ExitCode, complaints);
    }
}
