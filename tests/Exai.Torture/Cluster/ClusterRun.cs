using Exai.EndToEnd.Tests.Harness;
using Exai.Testing.Stores;

namespace Exai.Torture;

/// <summary>One run with several daemons: as <see cref="TortureRun"/>, with faults of a cluster and a look at the limits that the daemons share.</summary>
internal static class ClusterRun
{
    private static readonly TimeSpan Hello = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(15);

    /// <returns>The exit code: 1 for a violation.</returns>
    /// <exception cref="FormatException">This machine lacks what a cluster needs.</exception>
    public static async Task<int> RunAsync(TortureOptions options, TextWriter output, TimeProvider time)
    {
        if (Environment.UserName != "root")
            throw new FormatException("--cluster: only root may give a daemon process ids of its own.");
        if ((PostgresServer.Missing ?? BalancerSetup.Missing) is { } missing)
            throw new FormatException($"--cluster: {missing}");
        var load = Load();
        output.WriteLine($"seed {options.Seed}, {options.Shims} shims, {options.Calls} calls, {options.Faults} faults, {options.DatabaseRestarts} restarts of the database");
        var plan = Plan.DrawCluster(options);
        var findings = new Findings(output) { Further = ["over", "left"] };
        var cluster = await Cluster.StartAsync(options, plan, findings, time);
        Pace pace;
        ClusterTormentor tormentor;
        var bridges = new List<Bridge>();
        try
        {
            for (var shim = 0; shim < options.Shims; shim++)
                bridges.Add(cluster.StartBridge(shim));
            await Task.WhenAll(bridges.Select(bridge => bridge.InitializeAsync(Hello)));
            pace = new Pace(plan, options.Limit, time);
            tormentor = new ClusterTormentor(cluster, pace, findings, time);
            var torment = tormentor.RunAsync(plan.Faults);
            var calls = Task.WhenAll(plan.Calls.GroupBy(call => (call.Shim, call.Lane)).Select(lane =>
                new Caller(bridges[lane.Key.Shim], Machine.IsImpatient(lane.Key.Shim), options.Patience, pace, findings, time).RunAsync(lane)));
            // Without faults the calls would wait for ever.
            await Task.WhenAny(calls, torment);
            if (torment.IsFaulted)
                pace.Over();
            await calls;
            pace.Over();
            await torment;
            await LookWhatIsLeftAsync(cluster, findings, time);
        }
        finally
        {
            foreach (var bridge in bridges)
                await bridge.DisposeAsync();
            await cluster.DisposeAsync();
        }

        var took = pace.Elapsed;
        var requests = ProviderCheck.Look(cluster.Provider, pace.Calls, findings);
        FailoverTimes.Look(cluster.Provider, tormentor.Kills, pace.Calls, findings);
        foreach (var recovery in pace.Recoveries)
            recovery.All.ForEach(answered => findings.Time($"{recovery.What} to each pending answer", answered));
        List<(string, string)> conditions =
        [
            ("seed", $"{options.Seed}"),
            ("shims", $"{options.Shims}, of which {Enumerable.Range(0, options.Shims).Count(Cluster.IsBalanced)} behind HAProxy"),
            ("versions", cluster.HasNext ? $"{Exai.Protocol.Product.Version} and {Cluster.NextVersion}" : "one"),
            ("calls", $"{pace.Calls.Count} of {options.Calls}"),
            ("time, s", $"{took.TotalSeconds:0}"),
            ("processors, load before and after", $"{Environment.ProcessorCount}, {load}, {Load()}"),
            ("provider requests per asking call", $"{requests:0.00}"),
            .. LimitCheck.Look(cluster.Provider, tormentor.Isolations, Cluster.Limit, findings),
        ];
        findings.Print(conditions);
        if (options.Keep || findings.Violations > 0)
            output.WriteLine($"The homes and their logs are kept in {cluster.Folder}");
        else
            cluster.Delete();
        return findings.Violations > 0 ? 1 : 0;
    }

    /// <summary>When every call was answered and all daemons are well, nothing may be left in the database that nobody works on.</summary>
    private static async Task LookWhatIsLeftAsync(Cluster cluster, Findings findings, TimeProvider time)
    {
        const string Calls = "SELECT count(*) FROM calls WHERE finished_at IS NULL";
        const string Permits = "SELECT coalesce(sum(held), 0) FROM permit_shares";
        var since = time.GetUtcNow();
        while ((cluster.Database.Count(Calls), cluster.Database.Count(Permits)) is var (calls, permits) && (calls > 0 || permits > 0))
        {
            if (time.GetUtcNow() - since > Rest)
            {
                findings.Violation("left", $"{calls} calls are not finished and {permits} permits are held, {Rest.TotalSeconds:0} s after the last answer.");
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250), time);
        }
    }

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
}
