using System.Globalization;
using Exai.Settings.Home;

namespace Exai.Shim.Lifecycle;

/// <summary>
/// When daemons of a home that shims started ended by their own fault; shared by all shims, so that they do not start one dying daemon
/// after the other. A daemon that was killed does not count: the next one is wanted at once.
/// </summary>
internal sealed class CrashRecord(ExaiHome home, TimeProvider time)
{
    /// <summary>So many may be a user who mends settings between two tries.</summary>
    private const int Free = 3;

    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    private string RecordFile => Path.Combine(home.CacheDirectory, "daemon-crashes");

    /// <summary>How many there were lately, and how long the next start has to wait; zero when it need not.</summary>
    public (int Crashes, TimeSpan Wait) Look()
    {
        var crashes = Read();
        if (crashes.Count <= Free)
        {
            return (crashes.Count, TimeSpan.Zero);
        }

        var pause = FirstPause * Math.Pow(2, Math.Min(crashes.Count - Free - 1, 10));
        var left = crashes[^1] + (pause < LongestPause ? pause : LongestPause) - time.GetUtcNow();
        return (crashes.Count, left > TimeSpan.Zero ? left : TimeSpan.Zero);
    }

    /// <summary>A daemon that was started has ended at once.</summary>
    public void Note() => Write([.. Read(), time.GetUtcNow()]);

    /// <summary>Notes the end of the last daemon if its last words show that it crashed while it served. They are read once.</summary>
    public void NoteLastWords()
    {
        try
        {
            if (File.Exists(home.DaemonStartLog) && File.ReadLines(home.DaemonStartLog).Any(IsCrash))
            {
                var at = new DateTimeOffset(File.GetLastWriteTimeUtc(home.DaemonStartLog));
                var known = Read();
                if (!known.Exists(crash => Same(crash, at)))
                {
                    Write([.. known, at]);
                }
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // What cannot be read is no reason to keep anybody waiting.
        }
    }

    /// <summary>A person starts the daemon: nothing of before counts.</summary>
    public void Forget() => Write([]);

    private List<DateTimeOffset> Read()
    {
        try
        {
            var now = time.GetUtcNow();
            return
            [
                .. File.ReadLines(RecordFile)
                    .Select(line => long.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : 0)
                    .Where(at => at > 0 && at <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
                    .Select(DateTimeOffset.FromUnixTimeMilliseconds)
                    // A clock that was set back must not keep anybody waiting for it.
                    .Where(at => now - at < Memory && at <= now)
                    .Order(),
            ];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private void Write(List<DateTimeOffset> crashes)
    {
        try
        {
            Directory.CreateDirectory(home.CacheDirectory);
            OwnerOnlyFile.WriteAllText(RecordFile, string.Concat(crashes.Select(at => $"{at.ToUnixTimeMilliseconds()}\n")));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Without a record each call starts a daemon; that is dear, not wrong.
        }
    }

    /// <summary>The record counts whole milliseconds, a file system does not.</summary>
    private static bool Same(DateTimeOffset one, DateTimeOffset other) => (one - other).Duration() < TimeSpan.FromMilliseconds(2);

    /// <summary>How the .NET runtime begins the report of a process that ends by its own fault.</summary>
    private static bool IsCrash(string line) =>
        line.StartsWith("Unhandled exception", StringComparison.Ordinal)
        || line.StartsWith("Process terminated", StringComparison.Ordinal)
        || line.StartsWith("Stack overflow", StringComparison.Ordinal)
        || line.StartsWith("Out of memory", StringComparison.Ordinal)
        || line.StartsWith("Fatal error", StringComparison.Ordinal);
}
