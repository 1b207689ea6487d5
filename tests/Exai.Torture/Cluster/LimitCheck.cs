using System.Globalization;
using Exai.Simulator;

namespace Exai.Torture;

/// <summary>
/// How many requests ran at the provider at once, by the provider's own log. A daemon that is stopped, or cut off from the database, for longer than its lease
/// cannot be told from a dead one: what it had begun by then goes on at the provider, while others take its permits. Those requests are counted apart.
/// </summary>
internal static class LimitCheck
{
    /// <summary>So much later than the daemon may the provider notice that this one has left a request.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(100);

    /// <returns>Lines for the summary.</returns>
    public static IEnumerable<(string Name, string Value)> Look(SimulatorServer provider, IReadOnlyList<Isolation> isolations, int limit, Findings findings)
    {
        var requests = provider.Log.Chats;
        var counted = Count(requests.Where(request => !isolations.Any(isolation => IsForgotten(request, isolation))), limit);
        var all = Count(requests, limit);
        foreach (var above in counted.Above.Where(above => !IsNoticedLate(above)))
            findings.Violation("over", $"{above.Most} requests at once at the provider and not {limit}, for {above.Length.TotalMilliseconds:0} ms: {above}");
        yield return ("most requests at once (limit)", $"{counted.Most} ({limit})");
        yield return ("above the limit", Summary(counted));
        foreach (var above in counted.Above.Where(IsNoticedLate))
            yield return ("  noticed late", $"{above}");
        yield return ("the same, with isolated daemons'", $"{all.Most}; {Summary(all)}");
    }

    /// <summary>A request that its daemon has left is over for the daemon, and for the provider when it notices.</summary>
    private static bool IsNoticedLate(Excess above) => above.Length <= Tolerance && above.Last.Outcome == SimulatorOutcome.ClientGone;

    /// <summary>It was begun before its daemon could be taken for dead, or by one that did not know it yet, and had not ended by then.</summary>
    private static bool IsForgotten(SimulatorRequest request, Isolation isolation) =>
        request.Authorization?.EndsWith(isolation.Key, StringComparison.Ordinal) == true && request.At <= isolation.Until && !(request.EndedAt < isolation.From);

    private static Load Count(IEnumerable<SimulatorRequest> requests, int limit)
    {
        // What ends in the same moment makes room for what begins in it.
        var changes = requests
            .SelectMany(request => (IEnumerable<(DateTimeOffset At, int By, SimulatorRequest Request)>)[(request.At, 1, request), (request.EndedAt ?? DateTimeOffset.MaxValue, -1, request)])
            .OrderBy(change => change.At).ThenBy(change => change.By);
        var above = new List<Excess>();
        var (running, most, peak, first) = (0, 0, 0, default(SimulatorRequest));
        foreach (var (at, by, request) in changes)
        {
            running += by;
            most = Math.Max(most, running);
            if (running > limit)
            {
                first ??= request;
                peak = Math.Max(peak, running);
            }
            else if (first is not null)
            {
                above.Add(new Excess(first, request, at - first.At, peak));
                (first, peak) = (null, 0);
            }
        }

        return new Load(most, above);
    }

    private static string Summary(Load load) => load.Above.Count == 0 ? "never" : string.Create(
        CultureInfo.InvariantCulture,
        $"{load.Above.Count} times, longest {load.Above.Max(above => above.Length).TotalMilliseconds:0} ms, in all {load.Above.Sum(above => above.Length.TotalMilliseconds):0} ms");

    private sealed record Load(int Most, List<Excess> Above);

    /// <summary>A time above the limit: the request that passed it, and the one whose end ended it.</summary>
    private sealed record Excess(SimulatorRequest First, SimulatorRequest Last, TimeSpan Length, int Most)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture, $"{Most} at {First.At:HH:mm:ss.fff}, when {Text(First)} began, for {Length.TotalMilliseconds:0.0} ms until {Text(Last)} ended");

        private static string Text(SimulatorRequest request) => string.Create(
            CultureInfo.InvariantCulture,
            $"{ProviderCheck.Marker(request)} of {request.Authorization?[^1..]} ({request.Outcome}, {request.TokensSent} tokens, {(request.EndedAt - request.At)?.TotalMilliseconds:0} ms)");
    }
}
