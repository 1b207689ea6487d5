using System.Diagnostics;
using Exai.EndToEnd.Tests.Harness;
using Exai.Settings.Home;

namespace Exai.Torture;

/// <summary>One place in the cluster: its daemon, of which there are many in turn, and the wires by which it is reached and reaches the database. The wires' addresses stay.</summary>
internal sealed class ClusterDaemon : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Cluster _cluster;
    private readonly TimeProvider _time;
    private readonly int _number;
    private Process? _process;
    private Task _watching = Task.CompletedTask;
    private int _pid;
    private volatile bool _mayEnd;

    public ClusterDaemon(Cluster cluster, int number, TimeProvider time)
    {
        (_cluster, _number, _time) = (cluster, number, time);
        Home = new ExaiHome(Path.Combine(cluster.Folder, $"daemon{number}"));
        Links = new Wire(() => Wire.To(HealthFile.TryRead(Home)?.Port));
        Checks = new Wire(() => Wire.To(HealthFile.TryRead(Home)?.MonitoringPort));
        Database = new Wire(() => cluster.DatabaseSocket);
        Links.Open();
        Checks.Open();
        Database.Open();
    }

    public ExaiHome Home { get; }

    /// <summary>What it shows the provider, and no other daemon does.</summary>
    public string Key => $"key-of-daemon-{_number}";

    /// <summary>From shims and the balancer.</summary>
    public Wire Links { get; }

    /// <summary>From the balancer's health checks.</summary>
    public Wire Checks { get; }

    /// <summary>To the database.</summary>
    public Wire Database { get; }

    /// <summary>Whether it is of the other version.</summary>
    public bool IsNext { get; private set; }

    /// <summary>A fault is at work on it.</summary>
    public bool IsHarmed { get; set; }

    /// <summary>The file of what it wrote to stderr.</summary>
    public string Errors => $"{Home.Path}.errors";

    /// <summary>Returns when it serves.</summary>
    public async Task StartAsync(bool next)
    {
        var before = HealthFile.TryRead(Home)?.Epoch;
        var since = _time.GetUtcNow();
        IsNext = next;
        _mayEnd = false;
        _process?.Dispose();
        _process = _cluster.StartDaemon(this, next);
        _watching = WatchAsync(_process);
        while (HealthFile.TryRead(Home)?.Epoch is var epoch && (epoch is null || epoch == before))
        {
            if (_process.HasExited || _time.GetUtcNow() - since > Patience)
                throw new TimeoutException($"Daemon {_number} did not start; see {Home.DaemonLog} and {Errors}.");
            await Task.Delay(Look, _time);
        }

        _pid = LinuxProcesses.Tree(_process.Id)[1];
        _cluster.Findings.Time("start of a daemon to serving", _time.GetUtcNow() - since);
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _mayEnd = true;
        if (_process is { HasExited: false } process)
            LinuxProcesses.TryKill(process.Id);
    }

    /// <summary>SIGTERM.</summary>
    public void Terminate()
    {
        _mayEnd = true;
        LinuxProcesses.TrySend(_pid, Signal.Terminate);
    }

    public void Stop() => LinuxProcesses.TrySend(_pid, Signal.Stop);

    public void Continue() => LinuxProcesses.TrySend(_pid, Signal.Continue);

    /// <summary>Waits for its end, and makes one when it takes too long.</summary>
    public async Task EndedAsync()
    {
        try
        {
            await _watching.WaitAsync(Patience, _time);
        }
        catch (TimeoutException)
        {
            _cluster.Findings.Violation("gone", $"Daemon {_number} did not end within {Patience.TotalSeconds:0} s.");
            Kill();
            await _watching;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await _watching;
        _process?.Dispose();
        await Links.DisposeAsync();
        await Checks.DisposeAsync();
        await Database.DisposeAsync();
    }

    private async Task WatchAsync(Process process)
    {
        await process.WaitForExitAsync();
        if (!_mayEnd)
            _cluster.Findings.Violation("gone", $"Daemon {_number} ended by itself with exit code {process.ExitCode}; see {Home.DaemonLog} and {Errors}.");
    }
}
