using System.Globalization;
using System.Text.Json.Nodes;
using Exai.Peers;

namespace Exai.Scale;

/// <summary>
/// Answers that stream at once, through shims of fifty calls each. A client sees an answer when it is whole, so its lateness is what the
/// call took beyond the provider's own time: waiting, the daemon's work at each token, the journal, and the way back.
/// </summary>
internal static class StreamScale
{
    private const int CallsOfAShim = 50;
    private const int Seconds = 10;
    private const int TokensPerSecond = 50;
    private const string Script = """{"rules":[{"reasoningTokens":0,"firstTokenMs":100,"answerTokens":500,"tokensPerSecond":50}]}""";

    public static async Task RunAsync(IReadOnlyList<int> sizes, TextWriter output)
    {
        var program = await ExaiMachine.PublishAsync();
        await output.WriteLineAsync(
            $"{"streams",8}{"tokens/s",10}{"answers",9}{"late ms p50",13}{"p99",8}{"max",8}{"daemon cores",14}{"µs/token",10}{"daemon MB",11}{"simulator cores",17}");
        foreach (var size in sizes.Order())
            await output.WriteLineAsync(await RowAsync(program, size));
    }

    private static async Task<string> RowAsync(string program, int streams)
    {
        await using var machine = await ExaiMachine.StartAsync(program, Script, streams);
        await machine.StartDaemonAsync();
        var shims = Enumerable.Range(0, (streams + CallsOfAShim - 1) / CallsOfAShim).Select(_ => new StdioClient(machine.Command("shim"))).ToList();
        try
        {
            foreach (var shim in shims)
            {
                shim.Initialize();
                shim.Call("version");
            }

            // Once to warm up.
            await AskAllAsync(shims, Math.Min(streams, 16));
            var daemon = machine.Daemon!.Value;
            var (before, simulatorBefore) = (Children.ProcessorTime(daemon), Children.ProcessorTime(machine.Simulator));
            var watch = Watch.Start();
            var asking = AskAllAsync(shims, streams);
            await Task.Delay(TimeSpan.FromSeconds(Seconds / 2), TimeProvider.System);
            var memory = Children.Memory([daemon]);
            var took = await asking;
            var elapsed = watch.Elapsed;
            var (used, simulator) = (Children.ProcessorTime(daemon) - before, Children.ProcessorTime(machine.Simulator) - simulatorBefore);

            var ideal = TimeSpan.FromMilliseconds(100) + TimeSpan.FromSeconds(Seconds) - TimeSpan.FromSeconds(1.0 / TokensPerSecond);
            var late = new Distribution(took.Select(one => (one - ideal).TotalMilliseconds));
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{streams,8}{streams * TokensPerSecond,10}{late.Count,9}{late.P50,13:0.0}{late.P99,8:0.0}{late.Max,8:0.0}{used / elapsed,14:0.00}{used.TotalMicroseconds / (streams * Seconds * TokensPerSecond),10:0.0}{memory / 1e6,11:0}{simulator / elapsed,17:0.00}");
        }
        finally
        {
            shims.ForEach(shim => shim.Dispose());
        }
    }

    private static async Task<TimeSpan[]> AskAllAsync(List<StdioClient> shims, int calls) => await Task.WhenAll(Enumerable.Range(0, calls).Select(async number =>
    {
        var watch = Watch.Start();
        var answer = await shims[number % shims.Count].AskAsync("chat", new JsonObject { ["prompt"] = $"Question {number}", ["model"] = "glm-4.6" }.ToJsonString());
        return answer.Contains("\"isError\":false", StringComparison.Ordinal) ? watch.Elapsed : throw new InvalidDataException(answer);
    }));
}
