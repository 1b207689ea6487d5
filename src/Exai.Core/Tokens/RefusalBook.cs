namespace Exai.Core.Tokens;

/// <summary>
/// Counts refusals, so that many of a kind become one row: the first is due at once, those after it ten minutes later, together. However often somebody
/// tries, a token and a reason come to no more than six rows an hour. Thread-safe.
/// </summary>
internal sealed class RefusalBook(TimeProvider time)
{
    private const int LongestDetails = 300;
    private static readonly TimeSpan Together = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Token, string Reason), Entry> _entries = [];

    /// <param name="token">Its name; empty for a secret that no token has.</param>
    /// <param name="reason">One of few words: what is counted together.</param>
    /// <param name="details">The last ones are kept.</param>
    public void Add(string token, string reason, string details)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue((token, reason), out var entry))
            {
                _entries[(token, reason)] = entry = new Entry();
            }

            entry.Times++;
            entry.Details = details.Length <= LongestDetails ? details : details[..(LongestDetails - 1)] + "…";
        }
    }

    /// <summary>The rows that are due; they count from anew.</summary>
    /// <param name="all">Those that would wait too: the daemon ends.</param>
    public IReadOnlyList<TokenEvent> Take(bool all)
    {
        var now = time.GetUtcNow();
        var due = new List<TokenEvent>();
        lock (_lock)
        {
            foreach (var ((token, reason), entry) in _entries)
            {
                var waits = entry.TakenAt is { } taken && time.GetElapsedTime(taken) < Together;
                if (entry.Times > 0 && (all || !waits))
                {
                    due.Add(new TokenEvent(now, token.Length == 0 ? "unknown" : token, TokenDeeds.Refused, token, entry.Times, $"{reason}: {entry.Details}"));
                    (entry.Times, entry.TakenAt) = (0, time.GetTimestamp());
                }
            }
        }

        return due;
    }

    private sealed class Entry
    {
        public long Times { get; set; }

        public string Details { get; set; } = "";

        public long? TakenAt { get; set; }
    }
}
