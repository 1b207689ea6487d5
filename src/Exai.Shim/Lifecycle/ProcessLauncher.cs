using System.Diagnostics;
using Exai.Settings;

namespace Exai.Shim.Lifecycle;

/// <summary>
/// Starts this same executable as <c>exai daemon --detached</c>. Its standard streams lead nowhere but a file, so that nobody's pipe
/// ties the daemon to the shim that happened to start it; the daemon makes itself a process session of its own.
/// </summary>
internal sealed class ProcessLauncher : IDaemonLauncher
{
    public IDaemonProcess Launch(ExaiSettings settings, params IEnumerable<string> options)
    {
        var home = settings.Home;
        var (file, arguments) = ThisProgram();
        Directory.CreateDirectory(home.LogsDirectory);
        var start = OperatingSystem.IsWindows() ? new ProcessStartInfo(file) { CreateNoWindow = true } : new ProcessStartInfo("/bin/sh");
        if (!OperatingSystem.IsWindows())
        {
            // The shell replaces itself by the daemon, after it has let go of this process's streams.
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add("log=$1; shift; exec \"$@\" </dev/null >/dev/null 2>\"$log\"");
            start.ArgumentList.Add("sh");
            start.ArgumentList.Add(home.DaemonStartLog);
            start.ArgumentList.Add(file);
        }

        foreach (var argument in (string[])[.. arguments, "daemon", "--detached", .. options])
        {
            start.ArgumentList.Add(argument);
        }

        start.WorkingDirectory = home.Path;
        start.Environment["EXAI_HOME"] = home.Path;
        return new Daemon(Process.Start(start) ?? throw new InvalidOperationException($"{file} could not be started."), home.DaemonStartLog);
    }

    /// <summary>How this program was started: its own executable, or <c>dotnet exai.dll</c>.</summary>
    internal static (string File, string[] Arguments) ThisProgram()
    {
        var path = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program is not known.");
        return Path.GetFileNameWithoutExtension(path) == "dotnet" ? (path, [Environment.GetCommandLineArgs()[0]]) : (path, []);
    }

    private sealed class Daemon(Process process, string startLog) : IDaemonProcess
    {
        public int? ExitCode => process.HasExited ? process.ExitCode : null;

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
}
