using System.Globalization;

namespace Exai.Core.Tools.Diagnosis;

/// <summary>The last lines of a log file that its owner goes on writing.</summary>
internal static class LogTail
{
    private const int LongestTail = 4 * 1024 * 1024;

    /// <summary>Empty when there is no log, or it cannot be read.</summary>
    public static IReadOnlyList<string> Read(string path, int most)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var cut = file.Length > LongestTail;
            if (cut)
            {
                file.Seek(-LongestTail, SeekOrigin.End);
            }

            using var reader = new StreamReader(file);
            var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return [.. lines.Skip(cut ? 1 : 0).TakeLast(most).Select(line => line.TrimEnd('\r'))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>When a line was written; null for one that does not begin with a time.</summary>
    public static DateTimeOffset? At(string line)
    {
        var end = line.IndexOf(' ', StringComparison.Ordinal);
        return end > 0 && DateTimeOffset.TryParse(line.AsSpan(0, end), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
    }
}
