using System.Net;
using System.Net.Sockets;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>Where a daemon is to be found.</summary>
/// <param name="Operations">The port at which it says whether it is ready.</param>
internal sealed record BalancedDaemon(int Port, int Operations);

/// <summary>The machine's HAProxy, and the configuration that <c>deploy/haproxy</c> has, with a run's own addresses in it.</summary>
internal static class BalancerSetup
{
    private const string NotInstalled = "HAProxy is not installed (Debian: apt install haproxy).";

    private static readonly string? Found = ((string[])["/usr/sbin", "/usr/local/sbin", .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)])
        .Select(folder => Path.Combine(folder, "haproxy")).FirstOrDefault(File.Exists);

    /// <summary>Why its tests skip: there is none on this machine. Null when there is, and where tests may not skip: they fail then.</summary>
    public static string? Missing => Found is null && Environment.GetEnvironmentVariable("EXAI_TEST_NO_SKIP") is null ? NotInstalled : null;

    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static string Program => Found ?? throw new InvalidOperationException(NotInstalled);

    /// <param name="daemons">In the place of exai-1, exai-2 …</param>
    /// <param name="change">To the configuration before addresses are in it.</param>
    public static void Write(string file, int port, IReadOnlyList<BalancedDaemon> daemons, Func<string, string>? change = null)
    {
        var text = File.ReadAllText(Original());
        text = Replace(change?.Invoke(text) ?? text, "bind :8079", $"bind 127.0.0.1:{port}");
        for (var number = 1; number <= daemons.Count; number++)
        {
            var daemon = daemons[number - 1];
            text = Replace(text, $" exai-{number}:8079 check port 8080", $" exai-{number}:8079 check port {daemon.Operations}");
            text = Replace(text, $" exai-{number}:8079", $" 127.0.0.1:{daemon.Port}");
        }

        File.WriteAllText(file, text);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <exception cref="InvalidOperationException">The configuration has no such text.</exception>
    public static string Replace(string text, string from, string to) =>
        text.Contains(from, StringComparison.Ordinal) ? text.Replace(from, to, StringComparison.Ordinal) : throw new InvalidOperationException($"'{from}' stands nowhere in the configuration.");

    private static string Original()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Exai.slnx")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder.FullName, "deploy/haproxy/haproxy.cfg");
    }
}
