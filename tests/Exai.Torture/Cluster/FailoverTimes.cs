using Exai.Simulator;

namespace Exai.Torture;

/// <summary>How long the calls that a killed daemon was running were without one: those whose request at the provider the kill ended.</summary>
internal static class FailoverTimes
{
    public static void Look(SimulatorServer provider, IReadOnlyList<ClusterKill> kills, IReadOnlyList<Asked> calls, Findings findings)
    {
        var asked = calls.ToDictionary(ask => ask.Call.Marker, StringComparer.Ordinal);
        var requests = provider.Log.Chats.Select(request => (Request: request, Marker: ProviderCheck.Marker(request))).ToList();
        var byMarker = requests.ToLookup(request => request.Marker, request => request.Request, StringComparer.Ordinal);
        foreach (var kill in kills)
        {
            foreach (var (lost, marker) in requests.Where(request => WasLost(request.Request, kill)))
            {
                if (byMarker[marker].FirstOrDefault(request => request.At > kill.At) is { } next)
                    findings.Time("kill to the call's next run", next.At - kill.At);
                if (asked.GetValueOrDefault(marker)?.AnsweredAt is { } answered)
                    findings.Time("kill to the call's answer", answered - kill.At);
            }
        }
    }

    private static bool WasLost(SimulatorRequest request, ClusterKill kill) =>
        request.Authorization?.EndsWith(kill.Key, StringComparison.Ordinal) == true && request.Outcome == SimulatorOutcome.ClientGone
        && request.At < kill.At && request.EndedAt >= kill.At;
}
