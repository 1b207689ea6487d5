using System.Collections.Concurrent;
using Exai.Protocol;

namespace Exai.Daemon.Link;

/// <summary>What is known of sessions beyond their present link: since when, and what reconnecting cost them. Thread-safe.</summary>
internal sealed class SessionBook(TimeProvider time)
{
    private const int Most = 10_000;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public void Connected(string session, string shimVersion, Reconnect? reconnect)
    {
        if (_entries.Count >= Most)
        {
            _entries.Clear();
        }

        var now = time.GetUtcNow();
        _entries.AddOrUpdate(
            session,
            _ => new Entry(shimVersion, now, reconnect is null ? 0 : 1, reconnect?.Downtime ?? TimeSpan.Zero),
            (_, known) => new Entry(shimVersion, now, known.Reconnects + (reconnect is null ? 0 : 1), known.Downtime + (reconnect?.Downtime ?? TimeSpan.Zero)));
    }

    public ConnectedSession Describe(LinkSession session, string era)
    {
        var entry = _entries.GetValueOrDefault(session.SessionId) ?? new Entry("", time.GetUtcNow(), 0, TimeSpan.Zero);
        return new ConnectedSession(
            session.SessionId, SessionTransports.WebSocket, era, session.Client?.Name, session.Client?.Version, entry.ShimVersion.Length > 0 ? entry.ShimVersion : null,
            entry.ConnectedAt, LastUsedAt: null, entry.Reconnects, (long)entry.Downtime.TotalMilliseconds);
    }

    private sealed record Entry(string ShimVersion, DateTimeOffset ConnectedAt, int Reconnects, TimeSpan Downtime);
}
