using System.Diagnostics;
using System.Globalization;
using Exai.Settings;

namespace Exai.Shim.Lifecycle;

/// <summary>
/// Starts this same executable as <c>exai daemon --detached</c>. Its standard streams lead nowhere but a file, so that nobody's pipe
/// ties the daemon to the shim that happened to start it; the daemon makes itself a process session of its own. It is no descendant of
/// the shim either: some clients kill every descendant of their servers when they leave, and others may need the daemon.
/// </summary>
internal sealed class ProcessLauncher : IDaemonLauncher
{
    /// <summary>
    /// Hexadecimal: so many bytes are allocated between two collections, 16 MiB instead of the shim's 4. With 64 calls at once a daemon would
    /// collect sixty times a second otherwise. Read by .NET before the program begins, so no setting of ours could say it.
    /// </summary>
    private const string DaemonBudget = "1000000";

    public IDaemonProcess Launch(ExaiSettings settings, params IEnumerable<string> options)
    {
        var home = settings.Home;
        var (file, arguments) = ThisProgram();
        Directory.CreateDirectory(home.LogsDirectory);
        var start = OperatingSystem.IsWindows() ? new ProcessStartInfo(file) { CreateNoWindow = true } : BehindShell(file, home.DaemonStartLog);
        foreach (var argument in (string[])[.. arguments, "daemon", "--detached", .. options])
        {
            start.ArgumentList.Add(argument);
        }

        start.WorkingDirectory = home.Path;
        start.Environment["EXAI_HOME"] = home.Path;
        start.Environment.TryAdd("DOTNET_GCGen0MaxBudget", DaemonBudget);
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} could not be started.");
        return OperatingSystem.IsWindows() ? new ChildDaemon(process, home.DaemonStartLog) : new AdoptedDaemon(process, home.DaemonStartLog);
    }

    /// <summary>
    /// A shell that ends at once and leaves another one behind, which the system adopts: that one runs the daemon and, when it ends, says how.
    /// </summary>
    private static ProcessStartInfo BehindShell(string file, string startLog) => new("/bin/sh")
    {
        ArgumentList =
        {
            "-c",
            "log=$1; shift; { \"$@\" </dev/null >/dev/null 2>\"$log\"; echo $?; } </dev/null 2>/dev/null &",
            "sh",
            startLog,
            file,
        },
        UseShellExecute = false,
        RedirectStandardOutput = true,
    };

    /// <summary>How this program was started: its own executable, or <c>dotnet exai.dll</c>.</summary>
    internal static (string File, string[] Arguments) ThisProgram()
    {
        var path = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program is not known.");
        return Path.GetFileNameWithoutExtension(path) == "dotnet" ? (path, [Environment.GetCommandLineArgs()[0]]) : (path, []);
    }

    private abstract class Daemon(Process process, string startLog) : IDaemonProcess
    {
        public abstract int? ExitCode { get; }

        protected Process Process => process;

        public string LastLines()
        {
            try
            {
                return string.Join('\n', File.ReadLines(startLog).Where(line => line.Length > 0).TakeLast(20));
            }
            catch (IOException)
            {
                return "";
            }
        }

        public void Dispose() => process.Dispose();
    }

    private sealed class ChildDaemon(Process process, string startLog) : Daemon(process, startLog)
    {
        public override int? ExitCode => Process.HasExited ? Process.ExitCode : null;
    }

    private sealed class AdoptedDaemon(Process process, string startLog) : Daemon(process, startLog)
    {
        private readonly Task<string?> _exitCode = process.StandardOutput.ReadLineAsync(CancellationToken.None).AsTask();

        /// <summary>Null also when the shell behind it was killed before it could say.</summary>
        public override int? ExitCode => _exitCode is { IsCompletedSuccessfully: true, Result: { } code } ? int.Parse(code, CultureInfo.InvariantCulture) : null;
    }
}
