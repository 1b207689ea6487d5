using System.Globalization;
using Exai.Settings.Home;

namespace Exai.Settings.Logs;

/// <summary>The logs that shims leave behind: one each, and a client starts many.</summary>
public static class ShimLogs
{
    /// <summary>
    /// Deletes the logs of shims that are gone, the oldest first, until at most <paramref name="keep"/> shims have one. A running shim keeps its log in any case.
    /// Never throws: another shim may be doing the same.
    /// </summary>
    /// <returns>Files deleted.</returns>
    public static int PruneOldShimLogs(ExaiHome home, int keep = 20) => PruneOldShimLogs(home, keep, ProcessIdentity.IsPidInUse);

    internal static int PruneOldShimLogs(ExaiHome home, int keep, Func<int, bool> isAlive)
    {
        try
        {
            var shims = new DirectoryInfo(home.LogsDirectory).EnumerateFiles("shim-*.log*")
                .Where(file => Pid(file.Name) is not null)
                .GroupBy(file => Pid(file.Name)!.Value)
                .OrderByDescending(files => files.Max(file => file.LastWriteTimeUtc));
            var deleted = 0;
            foreach (var files in shims.Skip(keep))
            {
                if (!isAlive(files.Key))
                {
                    deleted += files.Count(TryDelete);
                }
            }

            return deleted;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>The process id in <c>shim-PID.log</c> or <c>shim-PID.log.3</c>; null for a file that only looks like one.</summary>
    private static int? Pid(string name)
    {
        var digits = name.AsSpan("shim-".Length);
        var end = digits.IndexOf('.');
        return end > 0 && int.TryParse(digits[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : null;
    }

    private static bool TryDelete(FileInfo file)
    {
        try
        {
            file.Delete();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
