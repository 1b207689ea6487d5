using Exai.Protocol;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>A real HAProxy before a test's daemons.</summary>
internal sealed record Balancer(BackgroundProcess Process, int Port)
{
    public static Balancer Start(ExaiHomeFixture machine, IReadOnlyList<HostedDaemon> daemons) =>
        Start(machine, [.. daemons.Select(daemon => daemon.Health)], text => text);

    /// <summary>With what docs/cluster.md puts in the place of two lines for TLS on both sides.</summary>
    /// <param name="certificate">For both; its names hold exai.example.</param>
    public static Balancer StartTls(ExaiHomeFixture machine, HealthDocument daemon, string certificate, string key, string authority)
    {
        var both = machine.Folder("haproxy.pem");
        File.WriteAllText(both, File.ReadAllText(certificate) + File.ReadAllText(key));
        return Start(machine, [daemon], text => BalancerSetup.Replace(
            BalancerSetup.Replace(text, "    bind :8079", $"    bind :8079 ssl crt {both} ssl-min-ver TLSv1.2"),
            "    default-server inter",
            $"    default-server ssl check-ssl verify required ca-file {authority} verifyhost exai.example inter"));
    }

    private static Balancer Start(ExaiHomeFixture machine, IReadOnlyList<HealthDocument> daemons, Func<string, string> change)
    {
        var port = BalancerSetup.FreePort();
        var file = machine.Folder("haproxy.cfg");
        BalancerSetup.Write(file, port, [.. daemons.Select(daemon => new BalancedDaemon(daemon.Port, daemon.MonitoringPort))], change);
        return new Balancer(machine.StartInBackground(BalancerSetup.Program, ["-db", "-f", file]), port);
    }
}
