using System.Net;
using System.Net.Sockets;
using Exai.Protocol;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>A real HAProxy under the configuration that <c>deploy/haproxy</c> has, with a test's addresses in it.</summary>
internal sealed record Balancer(BackgroundProcess Process, int Port)
{
    private const string NotInstalled = "HAProxy is not installed (Debian: apt install haproxy).";

    private static readonly string? Program = ((string[])["/usr/sbin", "/usr/local/sbin", .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)])
        .Select(folder => Path.Combine(folder, "haproxy")).FirstOrDefault(File.Exists);

    /// <summary>Why its tests skip: there is none on this machine. Null when there is, and where tests may not skip: they fail then.</summary>
    public static string? Missing => Program is null && Environment.GetEnvironmentVariable("EXAI_TEST_NO_SKIP") is null ? NotInstalled : null;

    /// <param name="daemons">In the place of exai-1, exai-2 …</param>
    public static Balancer Start(ExaiHomeFixture machine, IReadOnlyList<HostedDaemon> daemons) =>
        Start(machine, [.. daemons.Select(daemon => daemon.Health)], text => text);

    /// <summary>With what docs/cluster.md puts in the place of two lines for TLS on both sides.</summary>
    /// <param name="certificate">For both; its names hold exai.example.</param>
    public static Balancer StartTls(ExaiHomeFixture machine, HealthDocument daemon, string certificate, string key, string authority)
    {
        var both = machine.Folder("haproxy.pem");
        File.WriteAllText(both, File.ReadAllText(certificate) + File.ReadAllText(key));
        return Start(machine, [daemon], text => Replace(
            Replace(text, "    bind :8079", $"    bind :8079 ssl crt {both} ssl-min-ver TLSv1.2"),
            "    default-server inter",
            $"    default-server ssl check-ssl verify required ca-file {authority} verifyhost exai.example inter"));
    }

    private static Balancer Start(ExaiHomeFixture machine, IReadOnlyList<HealthDocument> daemons, Func<string, string> change)
    {
        var port = FreePort();
        var text = Replace(change(File.ReadAllText(Configuration())), "bind :8079", $"bind 127.0.0.1:{port}");
        for (var number = 1; number <= daemons.Count; number++)
        {
            var health = daemons[number - 1];
            text = Replace(text, $" exai-{number}:8079 check port 8080", $" exai-{number}:8079 check port {health.MonitoringPort}");
            text = Replace(text, $" exai-{number}:8079", $" 127.0.0.1:{health.Port}");
        }

        var file = machine.Folder("haproxy.cfg");
        File.WriteAllText(file, text);
        return new Balancer(machine.StartInBackground(Program ?? throw new InvalidOperationException(NotInstalled), ["-db", "-f", file]), port);
    }

    private static string Replace(string text, string from, string to) =>
        text.Contains(from, StringComparison.Ordinal) ? text.Replace(from, to, StringComparison.Ordinal) : throw new InvalidOperationException($"'{from}' stands nowhere in the configuration.");

    private static string Configuration()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Exai.slnx")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder.FullName, "deploy/haproxy/haproxy.cfg");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
