using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Exai.EndToEnd.Tests.Harness;

internal enum Signal
{
    Hangup = 1,
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

/// <summary>Signals, and what /proc tells. Only ever used on processes of a test's own home.</summary>
internal static partial class LinuxProcesses
{
    public static void Send(int pid, Signal signal)
    {
        if (KillProcess(pid, (int)signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} to process {pid} failed with errno {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>To a process that may have ended by itself.</summary>
    public static void TrySend(int pid, Signal signal) => _ = KillProcess(pid, (int)signal);

    /// <summary>kill -9 of a process that may have ended by itself.</summary>
    public static void TryKill(int pid) => _ = KillProcess(pid, (int)Signal.Kill);

    /// <summary>A zombie does not count: nothing of it runs.</summary>
    public static bool IsAlive(int pid)
    {
        var stat = Read(pid, "stat");
        var end = stat.LastIndexOf(')');
        return end >= 0 && stat[(end + 1)..].TrimStart()[0] is not ('Z' or 'X');
    }

    /// <summary>The living processes of one EXAI_HOME, started by a test or by what a test started.</summary>
    public static IReadOnlyList<(int Pid, string[] Arguments)> OfHome(string home) => With("EXAI_HOME", home);

    /// <summary>
    /// The living processes whose environment has this value, which only a test's own processes can have. The shell behind a daemon, which
    /// tells how that one ended, is none of them.
    /// </summary>
    public static IReadOnlyList<(int Pid, string[] Arguments)> With(string variable, string value)
    {
        var found = new List<(int, string[])>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Read(pid, "environ").Split('\0').Contains($"{variable}={value}", StringComparer.Ordinal) && IsAlive(pid))
            {
                var arguments = Read(pid, "cmdline").TrimEnd('\0').Split('\0');
                if (arguments[0] != "/bin/sh")
                {
                    found.Add((pid, arguments));
                }
            }
        }

        return found;
    }

    /// <summary>The process and its living descendants, as a client finds them that kills all of them.</summary>
    public static IReadOnlyList<int> Tree(int root)
    {
        var children = Directory.EnumerateDirectories("/proc")
            .Select(directory => int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0)
            .ToLookup(Parent);
        List<int> tree = [root];
        for (var at = 0; at < tree.Count; at++)
        {
            tree.AddRange(children[tree[at]]);
        }

        return tree;
    }

    private static int Parent(int pid)
    {
        var stat = Read(pid, "stat");
        var end = stat.LastIndexOf(')');
        return end < 0 ? 0 : int.Parse(stat[(end + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static string Read(int pid, string file)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/{file}"));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int KillProcess(int pid, int signal);
}
