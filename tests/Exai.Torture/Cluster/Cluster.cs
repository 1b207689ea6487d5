using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;
using Exai.Simulator;
using Exai.Testing.Stores;

namespace Exai.Torture;

/// <summary>A provider, a PostgreSQL server, an HAProxy, several daemons and all shims of one run; nothing outlives it.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    /// <summary>How many daemons there are.</summary>
    public const int Size = 3;

    /// <summary>How many requests at once the provider may see of all daemons together.</summary>
    public const int Limit = 6;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("exai-torture-");
    private readonly TortureOptions _options;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, string> _environment;
    private readonly string _next;
    private readonly int _balancerPort = BalancerSetup.FreePort();
    private Process? _balancer;

    private Cluster(TortureOptions options, SimulatorServer provider, Findings findings, TimeProvider time)
    {
        (_options, _time, Provider, Findings) = (options, time, provider, findings);
        _environment = Machine.SettingsOf(_root.FullName, provider);
        _environment["EXAI_WS_GLM_MAX_INFLIGHT"] = Limit.ToString(CultureInfo.InvariantCulture);
        _environment["EXAI_WS_GLOBAL_MAX_INFLIGHT"] = (Limit + 2).ToString(CultureInfo.InvariantCulture);
        HasNext = ProgramCopy.CanCopy(options.Exai);
        _next = HasNext ? ProgramCopy.WithVersion(options.Exai, Path.Combine(_root.FullName, "next"), Product.Version, NextVersion) : options.Exai;
        Daemons = [.. Enumerable.Range(1, Size).Select(number => new ClusterDaemon(this, number, time))];
    }

    public string Folder => _root.FullName;

    public SimulatorServer Provider { get; }

    public Findings Findings { get; }

    public PostgresServer Database { get; } = new();

    public IReadOnlyList<ClusterDaemon> Daemons { get; }

    /// <summary>Whether there is a program of another version to roll to.</summary>
    public bool HasNext { get; }

    /// <summary>Another version, as long as this one's.</summary>
    public static string NextVersion => Product.Version[..^1] + (Product.Version[^1] == '9' ? '0' : (char)(Product.Version[^1] + 1));

    public static async Task<Cluster> StartAsync(TortureOptions options, Plan plan, Findings findings, TimeProvider time)
    {
        var provider = await SimulatorServer.StartAsync(new SimulatorOptions { Script = ProviderScript.For(plan) });
        var cluster = new Cluster(options, provider, findings, time);
        try
        {
            await Task.WhenAll(cluster.Daemons.Select(daemon => daemon.StartAsync(next: false)));
            BalancerSetup.Write(cluster.BalancerFile, cluster._balancerPort, [.. cluster.Daemons.Select(daemon => new BalancedDaemon(daemon.Links.Port, daemon.Checks.Port))]);
            cluster.StartBalancer();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether this shim knows the balancer alone. Of shims that give up early, and of those that ping often, some do and some do not.</summary>
    public static bool IsBalanced(int shim) => (shim + (shim / 4)) % 2 == 1;

    public Bridge StartBridge(int shim)
    {
        var settings = new Dictionary<string, string>(_environment, StringComparer.Ordinal)
        {
            ["EXAI_HOME"] = Path.Combine(Folder, "shims"),
            ["EXAI_WS_ENDPOINTS"] = string.Join(',', (IsBalanced(shim) ? [_balancerPort] : Daemons.Select(daemon => daemon.Links.Port)).Select(port => $"127.0.0.1:{port}")),
        };
        if (shim % 3 == 0)
        {
            settings["EXAI_WS_PING_INTERVAL"] = "1";
            settings["EXAI_WS_PING_TIMEOUT"] = "2";
        }

        if (Machine.IsImpatient(shim))
            settings["EXAI_CLIENT_WAIT_SECS"] = "1";
        return new Bridge($"shim {shim}{(IsBalanced(shim) ? " (balanced)" : "")}", Machine.Start(settings, [_options.Exai, "shim"], Folder), Findings, _time);
    }

    /// <summary>With process ids of its own, so that to the others it runs on another host. It dies with the process returned.</summary>
    public Process StartDaemon(ClusterDaemon daemon, bool next)
    {
        var settings = new Dictionary<string, string>(_environment, StringComparer.Ordinal)
        {
            ["EXAI_HOME"] = daemon.Home.Path,
            ["EXAI_STORE"] = $"postgres://exai@127.0.0.1:{daemon.Database.Port}/exai?sslmode=disable",
            ["GLM_API_KEY"] = daemon.Key,
        };
        // Why it ended, if it does before it has a log, it says on stderr; the shell is gone by then.
        string[] command = ["/bin/sh", "-c", "exec \"$0\" daemon 2>>\"$1\"", next ? _next : _options.Exai, daemon.Errors];
        var process = Process.Start(Machine.Start(settings, ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", .. command], Folder))!;
        process.BeginOutputReadLine();
        return process;
    }

    public UnixDomainSocketEndPoint DatabaseSocket => new(Database.Socket);

    public void StartBalancer()
    {
        // Whatever it logs goes to a file; the shell is gone by then.
        string[] command = ["/bin/sh", "-c", "exec \"$0\" -db -f \"$1\" >>\"$2\" 2>&1", BalancerSetup.Program, BalancerFile, Path.Combine(Folder, "haproxy.log")];
        _balancer = Process.Start(Machine.Start(_environment, command, Folder))!;
    }

    public async Task EndBalancerAsync(Signal signal)
    {
        if (Interlocked.Exchange(ref _balancer, null) is not { } balancer)
            return;
        if (!balancer.HasExited)
            LinuxProcesses.Send(balancer.Id, signal);
        await balancer.WaitForExitAsync();
        balancer.Dispose();
    }

    /// <summary>To the server and whatever it has started.</summary>
    public void SignalDatabase(Signal signal)
    {
        // The first is a shell.
        foreach (var pid in LinuxProcesses.Tree(Database.ProcessId).Skip(1))
            LinuxProcesses.TrySend(pid, signal);
    }

    public async ValueTask DisposeAsync()
    {
        await EndBalancerAsync(Signal.Kill);
        foreach (var daemon in Daemons)
            daemon.Kill();
        // Shims are gone by now, and nobody starts another daemon.
        while (LinuxProcesses.With("HOME", Folder) is { Count: > 0 } left)
        {
            foreach (var (pid, _) in left)
                LinuxProcesses.TryKill(pid);
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time);
        }

        foreach (var daemon in Daemons)
            await daemon.DisposeAsync();
        Database.Dispose();
        await Provider.DisposeAsync();
    }

    public void Delete() => _root.Delete(recursive: true);

    private string BalancerFile => Path.Combine(Folder, "haproxy.cfg");
}
