namespace Exai.EndToEnd.Tests.Harness;

/// <summary>A real HAProxy before a test's daemons.</summary>
internal sealed record Balancer(BackgroundProcess Process, int Port)
{
    public static Balancer Start(ExaiHomeFixture machine, IReadOnlyList<HostedDaemon> daemons)
    {
        var port = BalancerSetup.FreePort();
        var file = machine.Folder("haproxy.cfg");
        BalancerSetup.Write(file, port, [.. daemons.Select(daemon => new BalancedDaemon(daemon.Health.Port, daemon.Health.MonitoringPort))]);
        return new Balancer(machine.StartInBackground(BalancerSetup.Program, ["-db", "-f", file]), port);
    }
}
