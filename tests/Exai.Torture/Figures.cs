using System.Globalization;

namespace Exai.Torture;

/// <summary>How measured times are printed, and what they were measured beside.</summary>
internal static class Figures
{
    /// <param name="times">Milliseconds.</param>
    public static string Summary(IReadOnlyCollection<double> times)
    {
        double[] sorted = [.. times.Order()];
        double At(int percent) => sorted.Length == 0 ? double.NaN : sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * percent / 100.0) - 1)];
        return string.Create(CultureInfo.InvariantCulture, $"p50 {At(50):0}  p95 {At(95):0}  p99 {At(99):0}  max {At(100):0}  ({sorted.Length})");
    }

    /// <summary>The machine's load average of the last minute.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
}
