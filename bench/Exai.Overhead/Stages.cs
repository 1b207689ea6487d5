using Exai.Daemon.Tests.Monitoring;

namespace Exai.Overhead;

/// <summary>Where the time of a call goes, stage by stage, as the daemon's own spans and the two ends tell it. All clocks are this machine's.</summary>
internal static class Stages
{
    /// <param name="AskedAt">The client writes its line.</param>
    /// <param name="ArrivedAt">The provider has read the question.</param>
    /// <param name="EndedAt">The provider is about to send its last bytes.</param>
    /// <param name="AnsweredAt">The client has read its line.</param>
    public sealed record Call(string CallId, DateTimeOffset AskedAt, DateTimeOffset ArrivedAt, DateTimeOffset EndedAt, DateTimeOffset AnsweredAt);

    /// <summary>What is done between two moments; the first begins when the client asks.</summary>
    private static readonly string[] Names =
    [
        "client → shim → link → the daemon has read the question",
        "call and its arguments understood, not yet known",
        "journal: accepted",
        "tool, thread, model, route",
        "permit",
        "request written, HTTP, the provider has read it",
        "provider",
        "its last bytes written, HTTP, read and decoded",
        "answer told to ledger and meters",
        "journal: the model's answer",
        "receipt",
        "journal: the outcome",
        "result written",
        "link → shim → client has its line",
    ];

    /// <summary>Microseconds of each stage, one row for each call; a call whose spans are not all there has none.</summary>
    public static IReadOnlyList<(string Name, double[] Micros)> Of(IEnumerable<Call> calls, IReadOnlyList<ReceivedSpan> spans)
    {
        var ofCall = spans.Where(span => span.Attributes.ContainsKey("exai.call_id")).ToLookup(span => span.Attributes["exai.call_id"], StringComparer.Ordinal);
        var rows = new List<double[]>();
        foreach (var call in calls)
        {
            var named = ofCall[call.CallId].ToDictionary(span => span.Name, StringComparer.Ordinal);
            if (!named.TryGetValue("tools/call chat", out var asked) || !named.TryGetValue("journal outcome", out var outcome))
                continue;
            var (accept, permit, attempt, answer) = (named["journal accept"], named["queue glm"], named["chat glm-4.6"], named["journal answer"]);
            ulong[] moments =
            [
                Nanos(call.AskedAt), asked.StartNanos, accept.StartNanos, accept.EndNanos, permit.StartNanos, permit.EndNanos, Nanos(call.ArrivedAt), Nanos(call.EndedAt), attempt.EndNanos,
                answer.StartNanos, answer.EndNanos, outcome.StartNanos, outcome.EndNanos, asked.EndNanos, Nanos(call.AnsweredAt),
            ];
            rows.Add([.. moments.Zip(moments.Skip(1), (from, to) => ((double)to - from) / 1000)]);
        }

        return [.. Names.Select((name, stage) => (name, rows.Select(row => row[stage]).ToArray()))];
    }

    private static ulong Nanos(DateTimeOffset moment) => (ulong)(moment - DateTimeOffset.UnixEpoch).Ticks * 100;
}
