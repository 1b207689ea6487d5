using Exai.Peers;
using Exai.Scale;

// How EXAI grows on one machine: dotnet run --project bench/Exai.Scale -c Release -- journal|streams|sessions|daemons [SIZES]
const string Usage = """
    Measures one thing at growing sizes and prints a row for each.

      dotnet run --project bench/Exai.Scale -c Release -- journal [1000 10000 100000 1000000]
      dotnet run --project bench/Exai.Scale -c Release -- streams [1 50 100 250 500]
      dotnet run --project bench/Exai.Scale -c Release -- sessions [1 10 100 1000]
      EXAI_STORE=postgres://… dotnet run --project bench/Exai.Scale -c Release -- daemons [1 2 3]

      journal   calls in the journal, a tenth of them threads: what a call costs then, what the daemon's start, a lookup, the lists and forgetting take
      streams   answers that stream at once at 50 tokens a second for ten seconds: what the daemon needs, and how late an answer is, beside the provider's own
      sessions  clients that are connected and ask nothing: memory and processor time of the daemon and of a shim, and a call of one among them
      daemons   daemons on the PostgreSQL database of EXAI_STORE, beside one on a file: calls a second, what a call takes, and the daemons' processor time
    """;

int[] sizes = [.. args.Skip(1).Select(size => int.TryParse(size, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : 0)];
if (sizes.Any(size => size <= 0) || args is not ["journal" or "streams" or "sessions" or "daemons", ..])
{
    await Console.Error.WriteLineAsync(Usage);
    return 2;
}

await Console.Out.WriteLineAsync($"{Environment.ProcessorCount} processors, load {Children.Load()}.");
await (args[0] switch
{
    "journal" => JournalScale.RunAsync(sizes.Length > 0 ? sizes : [1_000, 10_000, 100_000, 1_000_000], Console.Out),
    "streams" => StreamScale.RunAsync(sizes.Length > 0 ? sizes : [1, 50, 100, 250, 500], Console.Out),
    "daemons" => DaemonScale.RunAsync(
        sizes.Length > 0 ? sizes : [1, 2, 3], Environment.GetEnvironmentVariable("EXAI_STORE") ?? throw new InvalidOperationException("EXAI_STORE must name a PostgreSQL database."), Console.Out),
    _ => SessionScale.RunAsync(sizes.Length > 0 ? sizes : [1, 10, 100, 1_000], Console.Out),
});
return 0;
