using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Exai.Settings.Home;

/// <summary>
/// Which process this is, or was. A process id alone is not enough: ids are used again after a while, and at once after a reboot or in another container.
/// </summary>
/// <param name="Host">Machine, boot and process-id namespace: ids and start times of two processes compare only within one.</param>
/// <param name="Pid">The process id within that host.</param>
/// <param name="StartTicks">When it started: on Linux in the kernel's clock ticks since boot, elsewhere in 100 ns since the year 1.</param>
public sealed record ProcessIdentity(string Host, int Pid, long StartTicks)
{
    private const char Separator = '|';

    private static readonly Lazy<ProcessIdentity> OfThisProcess = new(static () =>
        new ProcessIdentity(ThisHost(), Environment.ProcessId, TryGetStartTicks(Environment.ProcessId) ?? 0));

    /// <summary>This process.</summary>
    public static ProcessIdentity Current => OfThisProcess.Value;

    /// <summary>True when both ran on one host, so that <see cref="IsAlive"/> can tell.</summary>
    public bool SameHost(ProcessIdentity other) => Host == other.Host;

    /// <summary>
    /// True while this very process runs; false once it is gone, is a zombie, or its id belongs to another one. Of a process on another host nothing
    /// can be known from here: the answer is true, because acting on a wrong "dead" would do harm. Ask <see cref="SameHost"/> first.
    /// </summary>
    public bool IsAlive() => !SameHost(Current) || TryGetStartTicks(Pid) == StartTicks;

    /// <summary>One line without spaces that <see cref="TryParse"/> reads.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Host}{Separator}{Pid}{Separator}{StartTicks}");

    /// <summary>Reads what <see cref="ToString"/> wrote; false for anything else.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ProcessIdentity? identity)
    {
        identity = text?.Split(Separator) is [{ Length: > 0 } host, var pid, var ticks]
            && int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            ? new ProcessIdentity(host, id, start)
            : null;
        return identity is not null;
    }

    /// <summary>True when any process has this id now.</summary>
    internal static bool IsPidInUse(int pid) => TryGetStartTicks(pid) is not null;

    private static long? TryGetStartTicks(int pid) => OperatingSystem.IsLinux() ? LinuxProcess.TryGetStartTicks(pid) : TryGetStartTime(pid);

    private static long? TryGetStartTime(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return process.HasExited ? null : process.StartTime.ToUniversalTime().Ticks;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // A process that may not be looked at is another user's, so not the one that was meant.
            return null;
        }
    }

    private static string ThisHost()
    {
        var machine = Environment.MachineName.Replace(Separator, '-');
        return OperatingSystem.IsLinux() ? $"{machine}/{LinuxProcess.BootId()}/{LinuxProcess.PidNamespace()}" : machine;
    }
}
