using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Exai.Cli.Commands;

/// <summary>Signals to other processes; .NET itself can only kill.</summary>
internal static partial class Signals
{
    private const int SigTerm = 15;

    /// <summary>Asks the process to end. Windows knows no such request between consoles, so there it is ended; no call is lost by that.</summary>
    public static void Terminate(Process process)
    {
        if (OperatingSystem.IsWindows())
        {
            process.Kill();
        }
        else
        {
            _ = Send(process.Id, SigTerm);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int pid, int signal);
}
