using System.Globalization;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.Torture;

/// <summary>How long shims that wait for a daemon take until they have its link, once it is ready: the daemon is started and killed in turn.</summary>
internal static class AttachRun
{
    private const int Rounds = 6;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Downtime = TimeSpan.FromSeconds(4);

    /// <returns>The exit code: 1 when a shim found no link.</returns>
    public static async Task<int> RunAsync(TortureOptions options, int shims, TextWriter output, TimeProvider time)
    {
        var load = Figures.Load();
        options = options with { Shims = shims, Calls = shims };
        var machine = await Machine.StartAsync(options, Plan.Draw(options), time);
        List<Bridge> bridges = [];
        List<double> first = [], later = [];
        try
        {
            bridges.AddRange(Enumerable.Range(0, shims).Select(shim => machine.StartBridge(shim, new Findings(output))));
            await Task.WhenAll(bridges.Select(bridge => bridge.InitializeAsync(Patience)));
            for (var round = 1; round <= Rounds; round++)
            {
                var attached = await RoundAsync(machine, shims, time);
                output.WriteLine($"round {round}: {attached.Count} of {shims} attached; ms: {Figures.Summary(attached)}");
                (round == 1 ? first : later).AddRange(attached);
            }
        }
        finally
        {
            foreach (var bridge in bridges)
                await bridge.DisposeAsync();
            await machine.DisposeAsync();
        }

        machine.Delete();
        output.WriteLine($"shims that never had a link: {Figures.Summary(first)}; that had one: {Figures.Summary(later)}");
        output.WriteLine($"{Environment.ProcessorCount} processors, load before {load}, after {Figures.Load()}");
        return first.Count + later.Count == Rounds * shims ? 0 : 1;
    }

    /// <summary>Milliseconds from the daemon's readiness to each shim's link.</summary>
    private static async Task<List<double>> RoundAsync(Machine machine, int shims, TimeProvider time)
    {
        using var daemon = machine.StartDaemon();
        var limit = time.GetUtcNow() + Patience;
        while (machine.Health?.Pid != daemon.Id && time.GetUtcNow() < limit)
            await Task.Delay(TimeSpan.FromMilliseconds(1), time);
        var ready = time.GetUtcNow();
        var epoch = machine.Health?.Epoch ?? throw new TimeoutException("The daemon did not become ready.");
        List<double> attached;
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), time);
            attached = [.. Links(machine, epoch).Select(at => (at - ready).TotalMilliseconds)];
        }
        while (attached.Count < shims && time.GetUtcNow() < limit);

        LinuxProcesses.TryKill(daemon.Id);
        await daemon.WaitForExitAsync();
        await Task.Delay(Downtime, time);
        return attached;
    }

    /// <summary>When each shim, by its own log, had its first link to this daemon.</summary>
    private static IEnumerable<DateTimeOffset> Links(Machine machine, string epoch)
    {
        foreach (var log in Directory.EnumerateFiles(machine.Home.LogsDirectory, "shim-*.log"))
        {
            using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            while (reader.ReadLine() is { } line)
            {
                if (line.Contains($"Connected to daemon {epoch}", StringComparison.Ordinal))
                {
                    yield return DateTimeOffset.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture);
                    break;
                }
            }
        }
    }
}
