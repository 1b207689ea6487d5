using System.Globalization;

namespace Exai.Settings.Home;

/// <summary>What <c>/proc</c> tells of processes.</summary>
internal static class LinuxProcess
{
    /// <summary>Field 22 of <c>/proc/PID/stat</c>; null when there is no such process, or only its zombie.</summary>
    public static long? TryGetStartTicks(int pid)
    {
        try
        {
            return ParseStartTicks(File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// The command name, field 2, stands in brackets and may itself hold brackets and spaces, so fields are counted from the last closing one:
    /// first comes the state, field 3.
    /// </summary>
    internal static long? ParseStartTicks(string stat)
    {
        var end = stat.LastIndexOf(')');
        if (end < 0)
        {
            return null;
        }

        var fields = stat[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (fields.Length < 20 || fields[0] is "Z" or "X")
        {
            return null;
        }

        return long.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) ? ticks : null;
    }

    public static string BootId()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "unknown";
        }
    }

    /// <summary>The kernel's number of this process's id namespace: containers on one machine count their processes apart.</summary>
    public static string PidNamespace()
    {
        try
        {
            return new FileInfo("/proc/self/ns/pid").LinkTarget ?? "unknown";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "unknown";
        }
    }
}
