
namespace Exai.Peers;

/// <summary>What was measured of one bridge. Times in milliseconds, memory in MB.</summary>
internal sealed record BridgeFigures(string Name)
{
    public required Distribution ColdStart { get; init; }

    /// <summary>Of the first calls of a process.</summary>
    public required Pace Early { get; init; }

    /// <summary>When a runtime that compiles what is hot has done so; null when that was not waited for.</summary>
    public Pace? Warm { get; init; }

    /// <summary>Right after the calls.</summary>
    public required double Memory { get; init; }

    /// <summary>When nothing has been asked for a while; null when that was not waited for.</summary>
    public double? IdleMemory { get; init; }

    /// <summary>Of the server behind it; null where it is the bridge itself.</summary>
    public double? BackendMemory { get; init; }

    /// <summary>What became of the call that was in flight when the server was killed.</summary>
    public string InFlight { get; init; } = "";

    /// <summary>What became of the next one.</summary>
    public string After { get; init; } = "";
}

/// <summary>How fast calls are answered: one after the other, and many in flight.</summary>
internal sealed record Pace(Distribution RoundTrip, double CallsPerSecond);

/// <summary>The same work for every bridge.</summary>
internal static class BridgeMeasure
{
    private const int InFlight = 16;
    private const int FirstCalls = 300;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);

    public static async Task<BridgeFigures> MeasureAsync(Bridge bridge, PeersOptions options)
    {
        await bridge.StartAsync();
        var cold = ColdStarts(bridge, options.ColdStarts);
        using var client = bridge.Connect();
        client.Initialize();
        Call(client, FirstCalls);
        var early = Measure(client);
        Call(client, options.WarmUp);
        var warm = options.WarmUp > 0 ? Measure(client) : null;
        var busy = Children.Memory(Children.Tree(client.Id)) / 1e6;
        if (options.IdleWait > TimeSpan.Zero)
            await Task.Delay(options.IdleWait, TimeProvider.System);
        var figures = new BridgeFigures(bridge.Name)
        {
            ColdStart = cold,
            Early = early,
            Warm = warm,
            Memory = busy,
            IdleMemory = options.IdleWait > TimeSpan.Zero ? Children.Memory(Children.Tree(client.Id)) / 1e6 : null,
            BackendMemory = bridge.Backend.Count > 0 ? Children.Memory(bridge.Backend) / 1e6 : null,
        };
        return bridge.HasBackend ? await KillAsync(bridge, client, figures) : figures;
    }

    private static Pace Measure(McpClient client)
    {
        var trips = new double[PeersOptions.RoundTrips];
        for (var call = 0; call < trips.Length; call++)
        {
            var started = Watch.Start();
            client.Call("version");
            trips[call] = started.Elapsed.TotalMilliseconds;
        }

        client.Pipeline("version", PeersOptions.Pipelined / 5, InFlight);
        var pipelined = Watch.Start();
        client.Pipeline("version", PeersOptions.Pipelined, InFlight);
        return new Pace(new Distribution(trips), PeersOptions.Pipelined / pipelined.Elapsed.TotalSeconds);
    }

    private static void Call(McpClient client, int times)
    {
        for (var call = 0; call < times; call++)
            client.Call("version");
    }

    private static Distribution ColdStarts(Bridge bridge, int count)
    {
        var times = new List<double>();
        for (var start = 0; start < count; start++)
        {
            var started = Watch.Start();
            using var client = bridge.Connect();
            client.Initialize();
            times.Add(started.Elapsed.TotalMilliseconds);
        }

        return new Distribution([.. times]);
    }

    /// <summary>The server dies in the middle of a call, and is there again after a second.</summary>
    private static async Task<BridgeFigures> KillAsync(Bridge bridge, McpClient client, BridgeFigures figures)
    {
        var (tool, arguments) = bridge.SlowTool;
        var slow = client.AskAsync(tool, arguments);
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        var killed = Watch.Start();
        bridge.KillBackend(client);
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        await bridge.RestartBackendAsync();

        var inFlight = await Outcome(slow, killed);
        var asked = Watch.Start();
        return figures with { InFlight = inFlight, After = await Outcome(client.AskAsync("version", "{}"), asked) };
    }

    private static async Task<string> Outcome(Task<string> answering, Watch since)
    {
        try
        {
            var answer = await answering.WaitAsync(Look, TimeProvider.System);
            var after = $"after {since.Elapsed.TotalSeconds:0.0} s";
            return answer.Contains("\"error\"", StringComparison.Ordinal) || answer.Contains("\"isError\":true", StringComparison.Ordinal)
                ? $"error {after}: {answer[..Math.Min(answer.Length, 160)]}"
                : $"answered {after}";
        }
        catch (TimeoutException)
        {
            return $"no answer in {Look.TotalSeconds} s";
        }
        catch (Exception gone) when (gone is IOException or HttpRequestException)
        {
            return $"lost after {since.Elapsed.TotalSeconds:0.0} s";
        }
    }
}
