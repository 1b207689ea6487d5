using Exai.Settings.Logs;

namespace Exai.Settings.Tests.Logs;

public sealed class ShimLogsTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Oldest_logs_of_dead_shims_go_and_those_of_running_ones_stay()
    {
        Directory.CreateDirectory(_temp.Home.LogsDirectory);
        var start = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        for (var pid = 1; pid <= 6; pid++)
        {
            File.WriteAllText(_temp.Home.ShimLog(pid), "");
            File.SetLastWriteTimeUtc(_temp.Home.ShimLog(pid), start.AddDays(pid));
        }

        File.WriteAllText(_temp.Home.ShimLog(1) + ".1", "");
        File.SetLastWriteTimeUtc(_temp.Home.ShimLog(1) + ".1", start);
        File.WriteAllText(_temp.Home.DaemonLog, "");
        File.WriteAllText(Path.Combine(_temp.Home.LogsDirectory, "shim-x.log"), "");

        ShimLogs.PruneOldShimLogs(_temp.Home, keep: 2, isAlive: pid => pid == 3).ShouldBe(4);
        Directory.EnumerateFiles(_temp.Home.LogsDirectory).Select(Path.GetFileName).Order(StringComparer.Ordinal)
            .ShouldBe(["daemon.log", "shim-3.log", "shim-5.log", "shim-6.log", "shim-x.log"], ignoreOrder: true);
    }

    [Fact]
    public void Log_of_this_process_is_never_pruned()
    {
        Directory.CreateDirectory(_temp.Home.LogsDirectory);
        File.WriteAllText(_temp.Home.ShimLog(Environment.ProcessId), "");
        ShimLogs.PruneOldShimLogs(_temp.Home, keep: 0).ShouldBe(0);
        File.Exists(_temp.Home.ShimLog(Environment.ProcessId)).ShouldBeTrue();
    }

    [Fact]
    public void Missing_log_folder_is_nothing_to_prune() => ShimLogs.PruneOldShimLogs(_temp.Home).ShouldBe(0);
}
