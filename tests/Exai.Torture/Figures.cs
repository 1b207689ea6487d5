using System.Globalization;

namespace Exai.Torture;

/// <summary>How measured times are printed, and what they were measured beside.</summary>
internal static class Figures
{
    /// <param name="times">Milliseconds.</param>
    public static string Summary(List<double> times)
    {
        times = [.. times.Order()];
        double At(double share) => times.Count == 0 ? double.NaN : times[Math.Min(times.Count - 1, (int)(times.Count * share))];
        return string.Create(CultureInfo.InvariantCulture, $"p50 {At(0.5):0}, p95 {At(0.95):0}, p99 {At(0.99):0}, longest {At(1):0} (n = {times.Count})");
    }

    /// <summary>The machine's load average of the last minute.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
}
