namespace Exai.Torture;

/// <summary>One run: the plan is drawn, the shims are started, calls and faults meet, and what came of it is printed.</summary>
internal static class TortureRun
{
    private static readonly TimeSpan Hello = TimeSpan.FromSeconds(60);

    /// <returns>The exit code: 1 for a violation.</returns>
    public static async Task<int> RunAsync(TortureOptions options, TextWriter output, TimeProvider time)
    {
        var load = Load();
        output.WriteLine($"seed {options.Seed}, {options.Shims} shims, {options.Calls} calls, {options.Kills} kills");
        var plan = Plan.Draw(options);
        var findings = new Findings(output);
        var machine = await Machine.StartAsync(options, plan, time);
        Pace pace;
        var bridges = new List<Bridge>();
        try
        {
            for (var shim = 0; shim < options.Shims; shim++)
                bridges.Add(machine.StartBridge(shim, findings));
            await Task.WhenAll(bridges.Select(bridge => bridge.InitializeAsync(Hello)));
            pace = new Pace(plan, options.Limit, time);
            var tormentor = new Tormentor(machine, pace, findings, time).RunAsync(plan.Faults);
            await Task.WhenAll(plan.Calls.GroupBy(call => (call.Shim, call.Lane)).Select(lane =>
                new Caller(bridges[lane.Key.Shim], Machine.IsImpatient(lane.Key.Shim), options.Patience, pace, findings, time).RunAsync(lane)));
            pace.Over();
            await tormentor;
        }
        finally
        {
            foreach (var bridge in bridges)
                await bridge.DisposeAsync();
            await machine.DisposeAsync();
        }

        var took = pace.Elapsed;
        var requests = ProviderCheck.Look(machine.Provider, pace.Calls, findings);
        foreach (var recovery in pace.Recoveries)
        {
            if (recovery.Ready is { } ready)
                findings.Time("kill to next daemon", ready);
            if (recovery.First is { } first)
                findings.Time("kill to its first answer", first);
            recovery.All.ForEach(answered => findings.Time("kill to each pending answer", answered));
        }

        findings.Print(
        [
            ("seed", $"{options.Seed}"),
            ("shims", $"{options.Shims}"),
            ("calls", $"{pace.Calls.Count} of {options.Calls}"),
            ("time, s", $"{took.TotalSeconds:0}"),
            ("processors, load before and after", $"{Environment.ProcessorCount}, {load}, {Load()}"),
            ("provider requests per asking call", $"{requests:0.00}"),
        ]);
        if (options.Keep || findings.Violations > 0)
            output.WriteLine($"The home and its logs are kept in {machine.Folder}");
        else
            machine.Delete();
        return findings.Violations > 0 ? 1 : 0;
    }

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
}
