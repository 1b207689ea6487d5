using System.Globalization;
using System.Text.Json.Nodes;
using Exai.Peers;

namespace Exai.Scale;

/// <summary>
/// Answers that stream at once, through shims of fifty calls each: every stream begins at a moment of its own and is asked three times in
/// a row, so that during each second answer all others stream too. A client sees an answer when it is whole, so its lateness is what the
/// second one took beyond the provider's own time: waiting, the daemon's work at each token, the journal, and the way back. The same is
/// asked of the provider directly before, because its own pace is not exact on a busy machine.
/// </summary>
internal static class StreamScale
{
    private const int CallsOfAShim = 50;
    private const int TokensPerSecond = 50;

    /// <summary>The provider's time for an answer of <see cref="Script"/>: the last of 500 tokens comes 499 fiftieths of a second after the first.</summary>
    private static readonly TimeSpan Whole = TimeSpan.FromMilliseconds(100 + (499 * 1000 / TokensPerSecond));

    private const string Script = """{"rules":[{"reasoningTokens":0,"firstTokenMs":100,"answerTokens":500,"tokensPerSecond":50}]}""";

    public static async Task RunAsync(IReadOnlyList<int> sizes, TextWriter output)
    {
        var program = await ExaiMachine.PublishAsync();
        await output.WriteLineAsync(
            $"{"streams",8}{"tokens/s",10}{"late ms p50",13}{"p99",8}{"max",8}{"direct p50",12}{"p99",8}{"max",8}{"daemon cores",14}{"µs/token",10}{"daemon MB",11}{"simulator cores",17}");
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

            var provider = new HttpGateway("direct", machine.GlmBaseUrl, streams: true);
            await using (provider)
            {
                var direct = await AskAllAsync(streams, async (_, question) => (await provider.AskAsync(question)).Total);
                var asking = AskAllAsync(streams, (stream, question) => AskAsync(shims[stream % shims.Count], question));
                await Task.Delay(Whole, TimeProvider.System);
                var daemon = machine.Daemon!.Value;
                var (before, simulatorBefore, watch) = (Children.ProcessorTime(daemon), Children.ProcessorTime(machine.Simulator), Watch.Start());
                await Task.Delay(Whole, TimeProvider.System);
                var (used, simulator, elapsed) = (Children.ProcessorTime(daemon) - before, Children.ProcessorTime(machine.Simulator) - simulatorBefore, watch.Elapsed);
                var memory = Children.Memory([daemon]);
                var late = await asking;
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{streams,8}{streams * TokensPerSecond,10}{late.P50,13:0.0}{late.P99,8:0.0}{late.Max,8:0.0}{direct.P50,12:0.0}{direct.P99,8:0.0}{direct.Max,8:0.0}{used / elapsed,14:0.00}{used.TotalMicroseconds / (elapsed.TotalSeconds * streams * TokensPerSecond),10:0.0}{memory / 1e6,11:0}{simulator / elapsed,17:0.00}");
            }
        }
        finally
        {
            shims.ForEach(shim => shim.Dispose());
        }
    }

    /// <returns>Milliseconds by which the second answer of each stream was late.</returns>
    private static async Task<Distribution> AskAllAsync(int streams, Func<int, string, Task<TimeSpan>> askAsync) => new(await Task.WhenAll(Enumerable.Range(0, streams).Select(async stream =>
    {
        await Task.Delay(Whole * stream / streams, TimeProvider.System);
        await askAsync(stream, $"Question {stream}, before.");
        var took = await askAsync(stream, $"Question {stream}.");
        await askAsync(stream, $"Question {stream}, after.");
        return (took - Whole).TotalMilliseconds;
    })));

    private static async Task<TimeSpan> AskAsync(StdioClient shim, string question)
    {
        var watch = Watch.Start();
        var answer = await shim.AskAsync("chat", new JsonObject { ["prompt"] = question, ["model"] = "glm-4.6" }.ToJsonString());
        return answer.Contains("\"isError\":false", StringComparison.Ordinal) ? watch.Elapsed : throw new InvalidDataException(answer);
    }
}
