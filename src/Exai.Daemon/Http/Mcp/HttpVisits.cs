using System.Collections.Concurrent;
using Exai.Daemon.Link;

namespace Exai.Daemon.Http.Mcp;

/// <summary>
/// Which clients were at <c>/mcp</c> lately. Nothing of a client lasts between its requests, so what is known of it is when it last
/// made one. Thread-safe.
/// </summary>
internal sealed class HttpVisits(TimeProvider time)
{
    private const int Most = 1000;
    private static readonly TimeSpan Lately = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<(string Session, string Era), Visit> _visits = new();

    public void Seen(string sessionId, string era, string? client, string? version)
    {
        var now = time.GetUtcNow();
        if (_visits.Count >= Most)
        {
            Forget(now, Most - 1);
        }

        _visits.AddOrUpdate((sessionId, era), _ => new Visit(client, version, now, now), (_, known) => known with { Last = now });
    }

    /// <summary>The client has ended its session.</summary>
    public void Left(string sessionId, string era) => _visits.TryRemove((sessionId, era), out _);

    public IReadOnlyList<ConnectedSession> Snapshot()
    {
        Forget(time.GetUtcNow(), Most);
        return
        [
            .. _visits.Select(visit => new ConnectedSession(
                visit.Key.Session, SessionTransports.Http, visit.Key.Era, visit.Value.Client, visit.Value.Version, ShimVersion: null,
                visit.Value.First, visit.Value.Last, Reconnects: 0, DowntimeMs: 0)),
        ];
    }

    /// <param name="most">How many may stay: with too many the ones that were there longest ago go too.</param>
    private void Forget(DateTimeOffset now, int most)
    {
        var oldestFirst = _visits.OrderBy(visit => visit.Value.Last).ToList();
        foreach (var visit in oldestFirst.Where((visit, at) => now - visit.Value.Last > Lately || at < oldestFirst.Count - most))
        {
            _visits.TryRemove(visit.Key, out _);
        }
    }

    private sealed record Visit(string? Client, string? Version, DateTimeOffset First, DateTimeOffset Last);
}
