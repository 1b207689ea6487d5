using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Exai.Peers;

/// <summary>What this program starts and looks at. Linux only, as far as memory and children are concerned.</summary>
internal static class Children
{
    /// <summary>In which Linux tells processor time to programs, whatever its own clock does.</summary>
    private const double TicksASecond = 100;

    /// <summary>A command with nothing of this machine's settings but what it needs.</summary>
    public static ProcessStartInfo Command(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(file, arguments) { UseShellExecute = false, WorkingDirectory = Path.GetTempPath() };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("EXAI_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return start;
    }

    /// <summary>This program again, in another part.</summary>
    public static ProcessStartInfo Self(params string[] arguments) => Command(Path.Combine(AppContext.BaseDirectory, "Peers"), arguments);

    /// <summary>Starts it and returns when it has printed a line that holds the text.</summary>
    public static async Task<Process> StartUntilAsync(ProcessStartInfo start, string text)
    {
        start.RedirectStandardOutput = true;
        var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        var said = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            said.Add(line);
            if (!line.Contains(text, StringComparison.Ordinal))
                continue;
            // Read on, so that it never waits for a reader.
            _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
            return process;
        }

        throw new EndOfStreamException($"{start.FileName} {string.Join(' ', start.ArgumentList)} ended before '{text}': {string.Join('\n', said)}");
    }

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed; with what it printed.</exception>
    public static async Task RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{start.FileName} {string.Join(' ', start.ArgumentList)} exited with {process.ExitCode}.\n{await output}\n{await errors}");
    }

    public static void Kill(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
            process.WaitForExit();
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            // It is gone already.
        }
    }

    /// <summary>The process and all that it has started, as the kernel knows it now.</summary>
    public static IReadOnlyList<int> Tree(int root)
    {
        var children = Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => char.IsAsciiDigit(name![0]))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
            .Select(pid => (Pid: pid, Parent: Parent(pid)))
            .ToLookup(process => process.Parent, process => process.Pid);
        var tree = new List<int> { root };
        for (var at = 0; at < tree.Count; at++)
            tree.AddRange(children[tree[at]]);
        return tree;
    }

    public static string CommandLine(int pid) => File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ').TrimEnd();

    /// <summary>Resident bytes of all of them together.</summary>
    public static long Memory(IEnumerable<int> processes) => processes.Sum(pid =>
    {
        try
        {
            return File.ReadLines($"/proc/{pid}/status").Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
                .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024).FirstOrDefault();
        }
        catch (IOException)
        {
            return 0;
        }
    });

    /// <summary>Resident bytes of a process, where each page that several have counts as a part for each of them.</summary>
    public static long Share(int pid) => File.ReadLines($"/proc/{pid}/smaps_rollup").Where(line => line.StartsWith("Pss:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024).First();

    /// <summary>What the process has used of processors since it began, in the program and in the kernel for it.</summary>
    public static TimeSpan ProcessorTime(int pid)
    {
        using var process = Process.GetProcessById(pid);
        return process.TotalProcessorTime;
    }

    /// <summary>What children of the process that have ended had used, theirs included.</summary>
    public static TimeSpan ProcessorTimeOfEnded(int pid)
    {
        var fields = Fields(pid);
        return TimeSpan.FromSeconds((long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture)) / TicksASecond);
    }

    /// <summary>The load averages of the system; empty where it has none.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "";

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static int Parent(int pid)
    {
        try
        {
            return int.Parse(Fields(pid)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Of <c>/proc/PID/stat</c>, from the state on, which follows the name in parentheses.</summary>
    private static string[] Fields(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }
}
