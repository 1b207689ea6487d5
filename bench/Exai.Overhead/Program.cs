using System.Globalization;
using Exai.Overhead;

// What the way through shim, link, daemon and gateway costs, against the same question asked directly: Exai.Overhead [ROUNDS]
const int WarmUpRounds = 100;
var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 300;
var output = Console.Out;

await using var machine = await Machine.StartAsync();
using var direct = new DirectWay(machine);
using var client = new ProviderClientWay(machine);
Way[] ways = [direct, client, new ToolWay(machine, "version"), new ToolWay(machine, "chat")];

var before = Machine.Load();
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

await output.WriteLineAsync($"{rounds} rounds after {WarmUpRounds} to warm up; load {before} before, {Machine.Load()} after; {Environment.ProcessorCount} cores. Milliseconds.");
await output.WriteLineAsync();
await output.WriteLineAsync($"{"",-60}{"p50",8}{"p95",8}{"p99",8}{"max",8}");
foreach (var way in ways)
{
    await Row($"{way.Name}: question to last byte", samples[way].Select(sample => sample.Total));
    if (samples[way][0].ToProvider is not null)
    {
        await Row("  question to its arrival at the provider", samples[way].Select(sample => sample.ToProvider!.Value));
        await Row("  from there to the last byte", samples[way].Select(sample => sample.Total - sample.ToProvider!.Value));
    }
}

await output.WriteLineAsync();
var pairs = samples[ways[^1]].Zip(samples[direct]).ToList();
await Row("Overhead of the whole way, round by round", pairs.Select(pair => pair.First.Total - pair.Second.Total));
await Row("  of it before the provider has the question", pairs.Select(pair => pair.First.ToProvider!.Value - pair.Second.ToProvider!.Value));

Task Row(string name, IEnumerable<TimeSpan> times)
{
    var sorted = times.Select(time => time.TotalMilliseconds).Order().ToArray();
    double At(double share) => sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    return output.WriteLineAsync(string.Create(
        CultureInfo.InvariantCulture, $"{name,-60}{At(0.5),8:0.00}{At(0.95),8:0.00}{At(0.99),8:0.00}{sorted[^1],8:0.00}"));
}
