using System.Diagnostics.Metrics;

namespace Exai.Daemon.Monitoring.Metrics;

/// <summary>The process under the names that Prometheus dashboards know.</summary>
internal static class ProcessMeters
{
    private const string OpenFiles = "/proc/self/fd";

    public static void Add(Meter meter, DateTimeOffset startedAt)
    {
        meter.CreateObservableCounter("process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s", "Processor time used.");
        meter.CreateObservableGauge("process_resident_memory_bytes", () => Environment.WorkingSet, "By", "Memory in use.");
        meter.CreateObservableGauge("process_start_time_seconds", () => startedAt.ToUnixTimeMilliseconds() / 1000.0, "s", "When the daemon started, Unix time.");
        meter.CreateObservableGauge("process_threads", () => ThreadPool.ThreadCount, description: "Threads of the pool.");
        if (Directory.Exists(OpenFiles))
        {
            meter.CreateObservableGauge("process_open_fds", () => Directory.EnumerateFileSystemEntries(OpenFiles).Count(), description: "Open files and sockets.");
        }
    }
}
