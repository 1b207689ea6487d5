using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Exai.Peers;

/// <summary>What was measured, as a table for people and a file for programs.</summary>
internal sealed class Report(TextWriter output, PeersOptions options, DateTimeOffset at, string loadBefore)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly List<BridgeFigures> _bridges = [];
    private readonly List<GatewayFigures> _gateways = [];

    public void Add(BridgeFigures figures) => _bridges.Add(figures);

    public void Add(GatewayFigures figures) => _gateways.Add(figures);

    public void PrintBridges()
    {
        output.WriteLine();
        output.WriteLine($"{"",-34}{"cold start",12}{"round trip, ms",18}{"calls/s",12}{"and warm, ms",18}{"calls/s",12}{"memory, MB",18}{"server's",10}");
        output.WriteLine($"{"",-34}{"ms, p50",12}{"p50",9}{"p99",9}{"16 at once",12}{"p50",9}{"p99",9}{"16 at once",12}{"busy",9}{"idle",9}{"MB",10}");
        foreach (var bridge in _bridges)
        {
            output.WriteLine(Line(
                $"{bridge.Name,-34}{bridge.ColdStart.P50,12:0}{bridge.Early.RoundTrip.P50,9:0.000}{bridge.Early.RoundTrip.P99,9:0.000}{bridge.Early.CallsPerSecond,12:0}{bridge.Warm?.RoundTrip.P50,9:0.000}{bridge.Warm?.RoundTrip.P99,9:0.000}{bridge.Warm?.CallsPerSecond,12:0}{bridge.Memory,9:0.0}{bridge.IdleMemory,9:0.0}{bridge.BackendMemory,10:0.0}"));
        }

        output.WriteLine();
        output.WriteLine("The server is killed one second into a call of three seconds, and is there again a second later:");
        foreach (var bridge in _bridges.Where(bridge => bridge.InFlight.Length > 0))
        {
            output.WriteLine($"{bridge.Name,-34}the call: {bridge.InFlight}");
            output.WriteLine($"{"",-34}the next: {bridge.After}");
        }
    }

    public void PrintGateways()
    {
        output.WriteLine();
        output.WriteLine("Milliseconds on top of the direct question of the same kind (streamed, or whole), with so many in flight; in brackets the direct one itself.");
        output.WriteLine($"{"",-28}{"in flight",10}{"to the provider",22}{"first token",22}{"last byte",22}{"answers/s",11}");
        foreach (var level in _gateways.GroupBy(figures => figures.InFlight))
        {
            foreach (var figures in level)
            {
                var direct = level.First(other => other.Name == Direct(figures.Name));
                output.WriteLine(Line(
                    $"{figures.Name,-28}{figures.InFlight,10}{Added(figures.Arrival, direct.Arrival, figures == direct),22}{Added(figures.FirstToken, direct.FirstToken, figures == direct),22}{Added(figures.Total, direct.Total, figures == direct),22}{figures.PerSecond,11:0}"));
            }
        }
    }

    public async Task WriteAsync(string loadAfter)
    {
        Directory.CreateDirectory(options.Out);
        var file = Path.Combine(options.Out, "peers.json");
        var json = new JsonObject
        {
            ["at"] = at,
            ["processors"] = Environment.ProcessorCount,
            ["system"] = RuntimeInformation.OSDescription,
            ["runtime"] = RuntimeInformation.FrameworkDescription,
            ["loadBefore"] = loadBefore,
            ["loadAfter"] = loadAfter,
            ["bridges"] = new JsonArray([.. _bridges.Select(Json)]),
            ["gateways"] = new JsonArray([.. _gateways.Select(Json)]),
        };
        await File.WriteAllTextAsync(file, json.ToJsonString(Indented) + "\n");
        if (options.Against is { } recorded)
            Guard.Print(json, JsonNode.Parse(await File.ReadAllTextAsync(recorded))!, output);
        output.WriteLine();
        output.WriteLine($"{Environment.ProcessorCount} processors, {RuntimeInformation.FrameworkDescription}, load {loadBefore} before and {loadAfter} after. Written: {file}");
        foreach (var (name, chart) in Charts())
        {
            await File.WriteAllTextAsync(Path.Combine(options.Out, name), chart);
            output.WriteLine($"{"",8}{Path.Combine(options.Out, name)}");
        }
    }

    private static string Direct(string name) => name.EndsWith("whole", StringComparison.Ordinal) ? "direct, whole" : "direct, streamed";

    private static string Added(Distribution? mine, Distribution? direct, bool isDirect) => (mine, direct) switch
    {
        (null, _) or (_, null) => "–",
        _ when isDirect => Line($"({mine.P50:0.0} / {mine.P99:0.0})"),
        _ => Line($"{mine.P50 - direct.P50:+0.0;-0.0} / {mine.P99 - direct.P99:+0.0;-0.0}"),
    };

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static JsonObject Json(BridgeFigures figures) => new()
    {
        ["name"] = figures.Name,
        ["coldStartMs"] = Json(figures.ColdStart),
        ["early"] = Json(figures.Early),
        ["warm"] = figures.Warm is { } warm ? Json(warm) : null,
        ["memoryMb"] = Math.Round(figures.Memory, 1),
        ["idleMemoryMb"] = figures.IdleMemory is { } idle ? Math.Round(idle, 1) : null,
        ["serverMemoryMb"] = figures.BackendMemory is { } memory ? Math.Round(memory, 1) : null,
        ["inFlightWhenKilled"] = figures.InFlight,
        ["nextAfterKill"] = figures.After,
    };

    private static JsonObject Json(Pace pace) => new()
    {
        ["roundTripMs"] = Json(pace.RoundTrip),
        ["callsPerSecond"] = Math.Round(pace.CallsPerSecond),
    };

    private static JsonObject Json(GatewayFigures figures) => new()
    {
        ["name"] = figures.Name,
        ["inFlight"] = figures.InFlight,
        ["arrivalMs"] = Json(figures.Arrival),
        ["firstTokenMs"] = figures.FirstToken is null ? null : Json(figures.FirstToken),
        ["totalMs"] = Json(figures.Total),
        ["answersPerSecond"] = Math.Round(figures.PerSecond),
    };

    private static JsonObject Json(Distribution values) => new()
    {
        ["count"] = values.Count,
        ["p50"] = Math.Round(values.P50, 3),
        ["p99"] = Math.Round(values.P99, 3),
        ["max"] = Math.Round(values.Max, 3),
    };

    private IEnumerable<(string Name, string Chart)> Charts()
    {
        if (_bridges.Count > 0)
        {
            var title = _bridges[0].Warm is null ? "Round trip of the first calls, p50 (ms)" : "Round trip of a call, warm, p50 (ms)";
            yield return ("bridges.svg", BarChart.Draw(title, [.. _bridges.Select(bridge => (bridge.Name, (bridge.Warm ?? bridge.Early).RoundTrip.P50))]));
        }

        if (_gateways.Count > 0)
        {
            var most = _gateways.Max(figures => figures.InFlight);
            yield return ("gateways.svg", BarChart.Draw(
                $"Question to last byte, p50 (ms), {most} in flight", [.. _gateways.Where(figures => figures.InFlight == most).Select(figures => (figures.Name, figures.Total.P50))]));
        }
    }
}
