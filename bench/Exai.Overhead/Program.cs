using System.Globalization;
using System.Text.Json.Nodes;
using Exai.Daemon.Tests.Monitoring;
using Exai.Overhead;
using Exai.Peers;

// What the way through shim, link, daemon and gateway costs, against the same question asked directly: Exai.Overhead [ROUNDS] [--paced] [--stages] [--exai PATH]
// --paced: the provider takes 200 ms, as a fast model does; otherwise it answers one word at once, so that what is left is the way.
// --stages: where the time of a call goes, by the daemon's own spans.
// --exai: a program that is published already; without it this tree's is.
const int WarmUpRounds = 100;
var rounds = args.Select(arg => int.TryParse(arg, CultureInfo.InvariantCulture, out var number) ? number : 0).FirstOrDefault(number => number > 0, 300);
var script = args.Contains("--paced")
    ? """{"rules":[{"reasoningTokens":0,"firstTokenMs":100,"answerTokens":20,"tokensPerSecond":200}]}"""
    : """{"rules":[{"answer":"Yes.","reasoningTokens":0}]}""";
var output = Console.Out;
var program = args.SkipWhile(arg => arg != "--exai").ElementAtOrDefault(1) ?? await ExaiMachine.PublishAsync();

await (args.Contains("--stages") ? StagesAsync() : WaysAsync());

async Task WaysAsync()
{
    await using var machine = await ExaiMachine.StartAsync(program, script);
    await using var direct = new DirectWay(machine);
    using var provider = new ProviderClientWay(machine);
    using var client = await ConnectAsync(machine);
    Way[] ways = [direct, provider, new ToolWay(machine, client, "version"), new ToolWay(machine, client, "chat")];

    var before = Children.Load();
    var samples = ways.ToDictionary(way => way, _ => new List<Sample>(rounds));
    for (var round = -WarmUpRounds; round < rounds; round++)
    {
        // One after the other in each round, so that a busy moment of the machine falls on all of them.
        foreach (var way in ways)
        {
            var sample = await way.AskAsync($"Round {round}: how long does it take?");
            if (round >= 0)
                samples[way].Add(sample);
        }
    }

    await HeadAsync(before, "Milliseconds");
    foreach (var way in ways)
    {
        await MillisecondsAsync($"{way.Name}: question to last byte", samples[way].Select(sample => sample.Total));
        if (samples[way][0].ToProvider is not null)
        {
            await MillisecondsAsync("  question to its arrival at the provider", samples[way].Select(sample => sample.ToProvider!.Value));
            await MillisecondsAsync("  from the provider's last byte to the asker's", samples[way].Select(sample => sample.FromProvider!.Value));
        }
    }

    await output.WriteLineAsync();
    var pairs = samples[ways[^1]].Zip(samples[direct]).ToList();
    await MillisecondsAsync("Overhead of the whole way, round by round", pairs.Select(pair => pair.First.Total - pair.Second.Total));
    await MillisecondsAsync("  of it before the provider has the question", pairs.Select(pair => pair.First.ToProvider!.Value - pair.Second.ToProvider!.Value));
    await MillisecondsAsync("  of it after the provider's last byte", pairs.Select(pair => pair.First.FromProvider!.Value - pair.Second.FromProvider!.Value));
}

async Task StagesAsync()
{
    await using var collector = await OtlpCollector.StartAsync();
    await using var machine = await ExaiMachine.StartAsync(program, script, collector: collector.Address);
    var before = Children.Load();
    var calls = new List<Stages.Call>(rounds);
    using (var client = await ConnectAsync(machine))
    {
        var chat = new ToolWay(machine, client, "chat");
        for (var round = -WarmUpRounds; round < rounds; round++)
        {
            var sample = await chat.AskAsync($"Round {round}: how long does it take?");
            if (round >= 0)
            {
                var receipt = JsonNode.Parse(sample.Answer)!["result"]!["_meta"]!["exai/receipt"]!;
                calls.Add(new Stages.Call((string)receipt["callId"]!, sample.AskedAt, sample.Provider!.Value.ArrivedAt, sample.Provider.Value.EndedAt, sample.AskedAt + sample.Total));
            }
        }
    }

    await machine.StopDaemonAsync();
    await HeadAsync(before, "Microseconds");
    foreach (var (name, micros) in Stages.Of(calls, collector.Spans))
        await RowAsync(name, micros, "0");
}

async Task<StdioClient> ConnectAsync(ExaiMachine machine)
{
    await machine.StartDaemonAsync();
    var client = new StdioClient(machine.Command("shim"));
    client.Initialize();
    client.Call("version");
    return client;
}

Task HeadAsync(string load, string unit) => output.WriteLineAsync(
    $"{rounds} rounds after {WarmUpRounds} to warm up; load {load} before, {Children.Load()} after; {Environment.ProcessorCount} cores. {unit}.\n\n{"",-60}{"p50",8}{"p95",8}{"p99",8}{"max",8}");

Task MillisecondsAsync(string name, IEnumerable<TimeSpan> times) => RowAsync(name, times.Select(time => time.TotalMilliseconds), "0.00");

Task RowAsync(string name, IEnumerable<double> values, string format)
{
    var sorted = values.Order().ToArray();
    string At(double share) => sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)].ToString(format, CultureInfo.InvariantCulture);
    return output.WriteLineAsync($"{name,-60}{At(0.5),8}{At(0.95),8}{At(0.99),8}{At(1),8}");
}
