using System.Globalization;
using System.Text.Json.Nodes;
using Exai.Peers;

namespace Exai.Scale;

/// <summary>
/// Answers that stream at once, through shims of fifty calls each: every stream begins at a moment of its own and is asked three times in
/// a row, so that during each second answer all others stream too. A client sees an answer when it is whole, so its lateness is what the
/// second one took beyond the provider's own time: the way to the provider, what the provider itself takes too long, and the way back with
/// decoding and journal; the provider's log tells them apart. The same is asked of the provider directly before, because its own pace is
/// not exact on a busy machine.
/// </summary>
internal static class StreamScale
{
    private const int CallsOfAShim = 50;

    /// <summary>Of each shim: ten that have been started together would also compile their hot methods together, after thirty calls, and that is what would be measured.</summary>
    private const int CallsBefore = 5_000;

    private const int TokensPerSecond = 50;

    /// <summary>The provider's time for an answer of <see cref="Script"/>: the last of 500 tokens comes 499 fiftieths of a second after the first.</summary>
    private static readonly TimeSpan Whole = TimeSpan.FromMilliseconds(100 + (499 * 1000 / TokensPerSecond));

    private const string Script = """{"rules":[{"reasoningTokens":0,"firstTokenMs":100,"answerTokens":500,"tokensPerSecond":50}]}""";

    private static readonly string[] Heads =
    [
        "streams", "tokens/s", "late ms p50", "p99", "max", "to provider", "p99", "provider", "p99", "from it", "p99", "EXAI", "p99", "direct p50", "p99", "max",
        "daemon cores", "µs/token", "daemon MB", "simulator cores",
    ];

    public static async Task RunAsync(IReadOnlyList<int> sizes, TextWriter output)
    {
        var program = await ExaiMachine.PublishAsync();
        await output.WriteLineAsync(Line(Heads));
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
                shim.Pipeline("version", CallsBefore, inFlight: 16);
            }

            var provider = new HttpGateway("direct", machine.GlmBaseUrl, streams: true);
            await using (provider)
            {
                var direct = Late(await AskAllAsync(streams, "directly", async (_, question) => await provider.AskAsync(question)));
                var asking = AskAllAsync(streams, "by a shim", (stream, question) => AskAsync(shims[stream % shims.Count], question));
                await Task.Delay(Whole, TimeProvider.System);
                var daemon = machine.Daemon!.Value;
                var (before, simulatorBefore, watch) = (Children.ProcessorTime(daemon), Children.ProcessorTime(machine.Simulator), Watch.Start());
                await Task.Delay(Whole, TimeProvider.System);
                var (used, simulator, elapsed) = (Children.ProcessorTime(daemon) - before, Children.ProcessorTime(machine.Simulator) - simulatorBefore, watch.Elapsed);
                var memory = Children.Memory([daemon]);
                var asked = await asking;
                var late = Late(asked);
                var (to, own, from, added) = Parts(asked, await RequestsAsync(machine));
                return Line(
                [
                    $"{streams}", $"{streams * TokensPerSecond}", .. Cells(late), Cell(late.Max), .. Cells(to), .. Cells(own), .. Cells(from), .. Cells(added), .. Cells(direct), Cell(direct.Max),
                    Cell(used / elapsed, "0.00"), Cell(used.TotalMicroseconds / (elapsed.TotalSeconds * streams * TokensPerSecond)), Cell(memory / 1e6, "0"), Cell(simulator / elapsed, "0.00"),
                ]);
            }
        }
        finally
        {
            shims.ForEach(shim => shim.Dispose());
        }
    }

    private static string Line(IReadOnlyList<string> cells) => string.Concat(cells.Zip(Heads, (cell, head) => cell.PadLeft(Math.Max(head.Length, 5) + 2)));

    private static string[] Cells(Distribution measured) => [Cell(measured.P50), Cell(measured.P99)];

    private static string Cell(double value, string format = "0.0") => value.ToString(format, CultureInfo.InvariantCulture);

    /// <returns>The second question of each stream.</returns>
    private static Task<Asked[]> AskAllAsync(int streams, string way, Func<int, string, Task> askAsync) => Task.WhenAll(Enumerable.Range(0, streams).Select(async stream =>
    {
        await Task.Delay(Whole * stream / streams, TimeProvider.System);
        await askAsync(stream, $"Question {stream} {way}, before.");
        var (question, at, watch) = ($"Question {stream} {way}.", TimeProvider.System.GetUtcNow(), Watch.Start());
        await askAsync(stream, question);
        var asked = new Asked(question, at, watch.Elapsed);
        await askAsync(stream, $"Question {stream} {way}, after.");
        return asked;
    }));

    private static async Task AskAsync(StdioClient shim, string question)
    {
        var answer = await shim.AskAsync("chat", new JsonObject { ["prompt"] = question, ["model"] = "glm-4.6" }.ToJsonString());
        if (!answer.Contains("\"isError\":false", StringComparison.Ordinal))
            throw new InvalidDataException(answer);
    }

    private static Distribution Late(IEnumerable<Asked> asked) => new(asked.Select(each => (each.Took - Whole).TotalMilliseconds));

    /// <summary>The milliseconds of lateness, part by part: until the provider had the question, what it took too long, after its last bytes, and all but its own.</summary>
    private static (Distribution To, Distribution Own, Distribution From, Distribution Added) Parts(
        IEnumerable<Asked> asked, Dictionary<string, (DateTimeOffset At, DateTimeOffset EndedAt)> requests)
    {
        var parts = asked.Select(each =>
        {
            var (at, endedAt) = requests[each.Question];
            return (To: (at - each.At).TotalMilliseconds, Own: (endedAt - at - Whole).TotalMilliseconds, From: (each.At + each.Took - endedAt).TotalMilliseconds);
        }).ToList();
        return (new(parts.Select(part => part.To)), new(parts.Select(part => part.Own)), new(parts.Select(part => part.From)), new(parts.Select(part => part.To + part.From)));
    }

    /// <summary>The provider's log by question, on its clock, which is this machine's.</summary>
    private static async Task<Dictionary<string, (DateTimeOffset At, DateTimeOffset EndedAt)>> RequestsAsync(ExaiMachine machine) =>
        JsonNode.Parse(await machine.Control.GetStringAsync(new Uri(machine.GlmBaseUrl, "/sim/requests")))!.AsArray().ToDictionary(
            request => (string)request!["body"]!["messages"]!.AsArray()[^1]!["content"]!,
            request => ((DateTimeOffset)request!["at"]!, (DateTimeOffset)request["endedAt"]!),
            StringComparer.Ordinal);

    /// <param name="At">When it was asked.</param>
    /// <param name="Took">Until the answer was there.</param>
    private sealed record Asked(string Question, DateTimeOffset At, TimeSpan Took);
}
