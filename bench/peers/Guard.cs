using System.Text.Json.Nodes;

namespace Exai.Peers;

/// <summary>
/// Compares a run with a recorded one by ratios between EXAI and the others, which a slow or busy machine changes little. It warns; it fails
/// nothing.
/// </summary>
internal static class Guard
{
    private const string Exai = "exai shim";
    private const string Floor = "no bridge (floor)";

    /// <summary>A ratio that is worse than the recorded one by more than this is worth a look.</summary>
    private const double Tolerance = 1.5;

    public static void Print(JsonNode now, JsonNode recorded, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"{"ratio, smaller is better",-52}{"recorded",10}{"now",10}");
        foreach (var (name, ratio) in Ratios)
        {
            if (ratio(recorded) is not { } before || ratio(now) is not { } after)
                continue;
            var verdict = after > before * Tolerance ? "  warning: look at what changed" : "";
            output.WriteLine(FormattableString.Invariant($"{name,-52}{before,10:0.000}{after,10:0.000}{verdict}"));
        }
    }

    // Not to the server without a bridge: its 9 or 45 µs are a matter of whether both ends got the same processor.
    private static readonly (string Name, Func<JsonNode, double?> Of)[] Ratios =
    [
        ("cold start, to the fastest npm bridge", run => Bridge(run, Exai, "coldStartMs", "p50") / Npm(run, "coldStartMs", "p50")?.Min()),
        ("round trip p50, to the fastest npm bridge", run => Bridge(run, Exai, "early", "roundTripMs", "p50") / Npm(run, "early", "roundTripMs", "p50")?.Min()),
        ("time of a call with 16 in flight, to the best npm bridge", run => Npm(run, "early", "callsPerSecond")?.Max() / Bridge(run, Exai, "early", "callsPerSecond")),
        ("memory, to the smallest npm bridge", run => Bridge(run, Exai, "memoryMb") / Npm(run, "memoryMb")?.Min()),
    ];

    private static double? Bridge(JsonNode run, string name, params string[] path) =>
        run["bridges"]!.AsArray().Where(bridge => (string?)bridge!["name"] == name).Select(bridge => Value(bridge!, path)).FirstOrDefault();

    private static IReadOnlyList<double>? Npm(JsonNode run, params string[] path)
    {
        double[] values = [.. run["bridges"]!.AsArray().Where(bridge => (string?)bridge!["name"] is not (Exai or Floor)).Select(bridge => Value(bridge!, path)).OfType<double>()];
        return values.Length > 0 ? values : null;
    }

    private static double? Value(JsonNode bridge, string[] path) => (double?)path.Aggregate((JsonNode?)bridge, (node, step) => node?[step]);
}
