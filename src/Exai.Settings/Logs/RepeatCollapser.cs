using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Exai.Settings.Logs;

/// <summary>
/// Lets a warning through once and counts its repeats, however many other lines come between. The count follows as a line of its own that points at the
/// first one by its time: 10 s later, then after ever longer times up to 10 min, so that a fault that lasts all day stays readable.
/// A warning that a whole such time did not repeat is news again.
/// </summary>
/// <remarks>Not synchronised: its owner holds the lock. There is no timer; counts that are due come out with the next entry or at the end.</remarks>
internal sealed class RepeatCollapser
{
    internal static readonly TimeSpan FirstWindow = TimeSpan.FromSeconds(10);
    internal static readonly TimeSpan LongestWindow = TimeSpan.FromMinutes(10);

    /// <summary>Enough for the faults of one bad hour. A flood of different warnings is not repetition, and must not fill the memory.</summary>
    private const int MostRemembered = 64;

    private readonly Dictionary<(LogLevel Level, string Category, string Message, string? Exception), Repeat> _repeats = [];

    /// <summary>Adds to <paramref name="output"/> what is to be written now.</summary>
    public void Add(LogEntry entry, List<LogEntry> output)
    {
        TakeDue(entry.Time, output);
        if (entry.Level < LogLevel.Warning)
        {
            output.Add(entry);
            return;
        }

        if (_repeats.TryGetValue(entry.Identity, out var repeat))
        {
            repeat.Count++;
            repeat.Last = entry.Time;
            return;
        }

        if (_repeats.Count >= MostRemembered)
        {
            var oldest = _repeats.Values.MinBy(candidate => candidate.WindowStart)!;
            Report(oldest, output);
            _repeats.Remove(oldest.First.Identity);
        }

        _repeats.Add(entry.Identity, new Repeat(entry));
        output.Add(entry);
    }

    /// <summary>Every count that was not written yet, at the end of the log.</summary>
    public void TakeAll(List<LogEntry> output)
    {
        foreach (var repeat in _repeats.Values)
        {
            Report(repeat, output);
        }

        _repeats.Clear();
    }

    private void TakeDue(DateTimeOffset now, List<LogEntry> output)
    {
        List<Repeat>? over = null;
        foreach (var repeat in _repeats.Values)
        {
            if (now - repeat.WindowStart < repeat.Window)
            {
                continue;
            }

            if (repeat.Count == 0)
            {
                (over ??= []).Add(repeat);
                continue;
            }

            Report(repeat, output);
            repeat.WindowStart = now;
            repeat.Window = repeat.Window * 2 < LongestWindow ? repeat.Window * 2 : LongestWindow;
        }

        foreach (var repeat in over ?? [])
        {
            _repeats.Remove(repeat.First.Identity);
        }
    }

    private static void Report(Repeat repeat, List<LogEntry> output)
    {
        if (repeat.Count == 0)
        {
            return;
        }

        var first = repeat.First;
        var message = string.Create(
            CultureInfo.InvariantCulture,
            $"repeated {repeat.Count} {(repeat.Count == 1 ? "time" : "times")}: the {LineFormat.LongName(first.Level)} of {LineFormat.Timestamp(first.Time)}");
        output.Add(new LogEntry(repeat.Last, first.Level, first.Category, first.Event, message));
        repeat.Count = 0;
    }

    private sealed class Repeat(LogEntry first)
    {
        public LogEntry First { get; } = first;

        public DateTimeOffset Last { get; set; } = first.Time;

        public DateTimeOffset WindowStart { get; set; } = first.Time;

        public TimeSpan Window { get; set; } = FirstWindow;

        /// <summary>Repeats that were not reported yet.</summary>
        public int Count { get; set; }
    }
}
