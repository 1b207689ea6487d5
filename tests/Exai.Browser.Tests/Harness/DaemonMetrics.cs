using System.Globalization;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.Browser.Tests.Harness;

/// <summary>What the daemon itself counted.</summary>
internal static class DaemonMetrics
{
    /// <summary>One series of <c>/metrics</c> without labels.</summary>
    public static async Task<double> MetricAsync(this ExaiHomeFixture machine, string name)
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync($"http://127.0.0.1:{machine.Daemon.Health!.MonitoringPort}/metrics", Patience.Token());
        var line = text.Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal));
        return double.Parse(line.AsSpan(name.Length), CultureInfo.InvariantCulture);
    }

    /// <summary>Waits for what the daemon does on its own account, such as noticing that a page has gone.</summary>
    public static async Task MetricBecomesAsync(this ExaiHomeFixture machine, string name, double value)
    {
        var patience = Patience.Token();
        while (await machine.MetricAsync(name) is var seen && seen != value)
        {
            if (patience.IsCancellationRequested)
            {
                throw new TimeoutException($"{name} is {seen} and did not become {value}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
        }
    }
}
