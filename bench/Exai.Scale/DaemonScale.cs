using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Exai.Peers;

namespace Exai.Scale;

/// <summary>
/// Calls through 1, 2, 3 daemons on one PostgreSQL database, beside one daemon on a file. The provider answers at once, so what is left is what
/// EXAI and the database need. All of it runs on this machine: where its processors are used up, more daemons bring no more calls, and the processor time of a call is what tells.
/// </summary>
internal static class DaemonScale
{
    private const int Shims = 6;
    private const int InFlight = 48;
    private const int WarmUp = 3_000;
    private const int Calls = 3_000;
    private const int Lonely = 500;

    /// <summary>So long a backend of PostgreSQL may keep its counts to itself.</summary>
    private static readonly TimeSpan CountsCome = TimeSpan.FromSeconds(2);

    private const string Token = "the-token-of-the-bench";
    private const string Script = """{"rules":[{"reasoningTokens":0,"firstTokenMs":0,"answerTokens":20,"tokensPerSecond":1000000}]}""";

    /// <param name="store">The database, as EXAI_STORE names it.</param>
    public static async Task RunAsync(IReadOnlyList<int> sizes, string store, TextWriter output)
    {
        var program = await ExaiMachine.PublishAsync();
        await output.WriteLineAsync($"{"store",11}{"daemons",9}{Heads("alone")}{Heads($"{InFlight} at once")}");
        await output.WriteLineAsync(await RowAsync(program, 1, store: null));
        foreach (var size in sizes.Order())
            await output.WriteLineAsync(await RowAsync(program, size, store));
    }

    private static async Task<string> RowAsync(string program, int count, string? store)
    {
        using var database = store is null ? null : new DatabaseServer(store);
        await using var machine = await ExaiMachine.StartAsync(program, Script, InFlight);
        var daemons = Enumerable.Range(0, count).Select(number => new Daemon(machine, number, store)).ToList();
        List<StdioClient> shims = [];
        try
        {
            foreach (var daemon in daemons)
                await daemon.StartAsync();
            var endpoints = string.Join(',', daemons.Select(daemon => $"127.0.0.1:{daemon.Port}"));
            shims.AddRange(Enumerable.Range(0, Shims).Select(_ => new StdioClient(Set(machine.Command("shim"), ("EXAI_HOME", machine.Folder("shims")), ("EXAI_WS_ENDPOINTS", endpoints), ("EXAI_WS_TOKEN", Token)))));
            foreach (var shim in shims)
            {
                shim.Initialize();
                shim.Call("version");
            }

            // For each daemon the same: it compiles anew what it runs often.
            await AskAllAsync(shims, WarmUp * count, InFlight);
            var lonely = await MeasureAsync(daemons, database, shims, Lonely, 1);
            var busy = await MeasureAsync(daemons, database, shims, Calls, InFlight);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{(store is null ? "SQLite" : "PostgreSQL"),11}{count,9}{Columns(lonely)}{Columns(busy)}");
        }
        finally
        {
            shims.ForEach(shim => shim.Dispose());
            foreach (var daemon in daemons)
                await daemon.StopAsync();
        }
    }

    private static string Heads(string load) => $"{load + ": calls/s",22}{"ms p50",8}{"p99",7}{"daemons' µs/call",18}{"database's",12}{"commits/call",14}";

    private static string Columns(Measured measured) => string.Create(
        CultureInfo.InvariantCulture,
        $"{measured.PerSecond,22:0}{measured.Took.P50,8:0.0}{measured.Took.P99,7:0.0}{measured.Daemons,18:0}{measured.Database,12:0}{measured.Commits,14:0.00}");

    private static async Task<Measured> MeasureAsync(List<Daemon> daemons, DatabaseServer? database, List<StdioClient> shims, int calls, int inFlight)
    {
        var (before, databaseBefore, commitsBefore) = (daemons.Sum(Used), database?.ProcessorTime(), database?.Commits());
        var watch = Watch.Start();
        var took = new Distribution(await AskAllAsync(shims, calls, inFlight));
        var seconds = watch.Elapsed.TotalSeconds;
        var used = daemons.Sum(Used) - before;
        var usedByDatabase = (database?.ProcessorTime() - databaseBefore)?.TotalMicroseconds;
        await Task.Delay(CountsCome, TimeProvider.System);
        return new Measured(calls / seconds, took, used * 1000 / calls, usedByDatabase / calls, (database?.Commits() - commitsBefore) / (double)calls);
    }

    /// <summary>Each call's milliseconds; the calls go round the shims.</summary>
    private static async Task<double[]> AskAllAsync(List<StdioClient> shims, int calls, int inFlight)
    {
        var took = new double[calls];
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var call && call < calls)
            {
                var watch = Watch.Start();
                var answer = await shims[call % shims.Count].AskAsync("chat", new JsonObject { ["prompt"] = $"Question {call}", ["model"] = "glm-4.6" }.ToJsonString());
                took[call] = answer.Contains("\"isError\":false", StringComparison.Ordinal) ? watch.Elapsed.TotalMilliseconds : throw new InvalidDataException(answer);
            }
        }));
        return took;
    }

    /// <summary>Milliseconds.</summary>
    private static double Used(Daemon daemon) => Children.ProcessorTime(daemon.Id).TotalMilliseconds;

    private static ProcessStartInfo Set(ProcessStartInfo start, params (string Name, string Value)[] settings)
    {
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return start;
    }

    /// <param name="Daemons">Microseconds of processors for a call.</param>
    /// <param name="Database">The same of the database; null where there is none or it runs elsewhere.</param>
    private sealed record Measured(double PerSecond, Distribution Took, double Daemons, double? Database, double? Commits);

    /// <summary>A daemon with a home of its own.</summary>
    private sealed class Daemon(ExaiMachine machine, int number, string? store)
    {
        private readonly string _home = machine.Folder($"daemon{number}");

        public int Id => (int)Health["pid"]!;

        public int Port => (int)Health["port"]!;

        private JsonNode Health => JsonNode.Parse(File.ReadAllText(Path.Combine(_home, "health.json")))!;

        public Task StartAsync() => Children.RunAsync(Command("start"));

        public Task StopAsync() => Children.RunAsync(Command("stop"));

        private ProcessStartInfo Command(string command) =>
            Set(machine.Command(command), [("EXAI_HOME", _home), ("EXAI_WS_TOKEN", Token), .. store is null ? Array.Empty<(string, string)>() : [("EXAI_STORE", store)]]);
    }
}
