using System.Globalization;
using Exai.Simulator;

namespace Exai.Torture;

/// <summary>
/// How many requests ran at the provider at once, by the provider's own log. A daemon that is stopped, or cut off from the database, for longer than its lease
/// cannot be told from a dead one: what it had begun by then goes on at the provider, while others take its permits. Those requests are counted apart.
/// </summary>
internal static class LimitCheck
{
    /// <summary>The provider notices a moment later than the daemon that this one has left a request.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(100);

    /// <returns>Lines for the summary.</returns>
    public static IEnumerable<(string Name, string Value)> Look(SimulatorServer provider, IReadOnlyList<Isolation> isolations, int limit, Findings findings)
    {
        var requests = provider.Log.Chats;
        var counted = Count(requests.Where(request => !isolations.Any(isolation => IsForgotten(request, isolation))), limit);
        var all = Count(requests, limit);
        foreach (var (from, length, most) in counted.Above.Where(above => above.Length > Tolerance))
            findings.Violation("over", $"{most} requests at once at the provider and not {limit}, for {length.TotalMilliseconds:0} ms from {from:HH:mm:ss.fff} on");
        yield return ("most requests at once (limit)", $"{counted.Most} ({limit})");
        yield return ("above the limit", Summary(counted));
        yield return ("the same, with isolated daemons'", $"{all.Most}; {Summary(all)}");
    }

    /// <summary>It was begun before its daemon could be taken for dead, or by one that did not know it yet, and had not ended by then.</summary>
    private static bool IsForgotten(SimulatorRequest request, Isolation isolation) =>
        request.Authorization?.EndsWith(isolation.Key, StringComparison.Ordinal) == true && request.At <= isolation.Until && !(request.EndedAt < isolation.From);

    private static Load Count(IEnumerable<SimulatorRequest> requests, int limit)
    {
        // What ends in the same moment makes room for what begins in it.
        var changes = requests.SelectMany(request => (IEnumerable<(DateTimeOffset At, int By)>)[(request.At, 1), (request.EndedAt ?? DateTimeOffset.MaxValue, -1)])
            .OrderBy(change => change.At).ThenBy(change => change.By);
        var above = new List<(DateTimeOffset From, TimeSpan Length, int Most)>();
        var (running, most, peak, since) = (0, 0, 0, default(DateTimeOffset?));
        foreach (var (at, by) in changes)
        {
            running += by;
            most = Math.Max(most, running);
            if (running > limit)
            {
                since ??= at;
                peak = Math.Max(peak, running);
            }
            else if (since is { } from)
            {
                above.Add((from, at - from, peak));
                (since, peak) = (null, 0);
            }
        }

        return new Load(most, above);
    }

    private static string Summary(Load load) => load.Above.Count == 0 ? "never" : string.Create(
        CultureInfo.InvariantCulture,
        $"{load.Above.Count} times, longest {load.Above.Max(above => above.Length).TotalMilliseconds:0} ms, in all {load.Above.Sum(above => above.Length.TotalMilliseconds):0} ms");

    private sealed record Load(int Most, List<(DateTimeOffset From, TimeSpan Length, int Most)> Above);
}
