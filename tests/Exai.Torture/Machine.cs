using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;
using Exai.Settings.Home;
using Exai.Simulator;

namespace Exai.Torture;

/// <summary>A home, a provider, a wire and all processes of one run; nothing outlives it.</summary>
internal sealed partial class Machine : IAsyncDisposable
{
    /// <summary>Settings that the checks rely on.</summary>
    public const int CallSeconds = 90;
    public const int MaxRuns = 5;
    public const int RetryAttempts = 2;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("exai-torture-");
    private readonly TortureOptions _options;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, string> _environment;
    private Task _keeping = Task.CompletedTask;
    private volatile bool _over;

    private Machine(TortureOptions options, SimulatorServer provider, TimeProvider time)
    {
        _options = options;
        _time = time;
        Provider = provider;
        Home = new ExaiHome(Path.Combine(_root.FullName, "home"));
        Wire = new Wire(() => Wire.To(Health?.Port));
        _environment = SettingsOf(_root.FullName, provider);
        _environment["EXAI_HOME"] = Home.Path;
    }

    /// <summary>What every process of a run is told.</summary>
    /// <param name="folder">The run's.</param>
    public static Dictionary<string, string> SettingsOf(string folder, SimulatorServer provider)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
            ["HOME"] = folder,
            ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "../../..")),
            ["DOTNET_TieredPGO"] = "0",
            ["EXAI_WS_PORT"] = "0",
            ["EXAI_WS_TOKEN"] = "the-token-of-the-torture",
            ["MONITORING_PORT"] = "0",
            ["GLM_API_URL"] = provider.GlmBaseUrl.ToString(),
            ["GLM_API_KEY"] = "key-of-the-torture",
            ["EXAI_FALLBACK"] = "never",
            ["RETRY_ATTEMPTS"] = $"{RetryAttempts}",
            ["RETRY_BACKOFF_BASE"] = "0.1",
            ["EXAI_CONNECT_TIMEOUT_SECS"] = "4",
            ["EXAI_STREAM_IDLE_TIMEOUT_SECS"] = "8",
            ["EXAI_CALL_TIMEOUT_SECS"] = $"{CallSeconds}",
            ["EXAI_CALL_MAX_RUNS"] = $"{MaxRuns}",
            ["EXAI_DRAIN_SECS"] = "2",
            ["EXAI_WS_GLOBAL_MAX_INFLIGHT"] = "64",
            ["EXAI_WS_GLM_MAX_INFLIGHT"] = "64",
            ["EXAI_WS_SESSION_MAX_INFLIGHT"] = "8",
            ["GLM_CONNECTION_POOL_SIZE"] = "64",
            ["SESSION_MAX_CONCURRENT"] = "200",
            ["TOOL_PROFILE"] = "full",
        };
        // A hanging provider is left soon; a daemon that is stopped for a while must not take that for its provider's silence.
        foreach (var vendor in (string[])["GLM", "KIMI"])
        {
            foreach (var clock in (string[])["TIMEOUT_SECS", "WEB_SEARCH_TIMEOUT_SECS", "THINKING_TIMEOUT_SECS", "WEB_THINKING_TIMEOUT_SECS"])
                settings[$"{vendor}_{clock}"] = "8";
            settings[$"{vendor}_STREAM_TIMEOUT"] = "25";
        }

        return settings;
    }

    public ExaiHome Home { get; }

    public SimulatorServer Provider { get; }

    public Wire Wire { get; }

    public string Folder => _root.FullName;

    public bool IsOwn => _options.Target is null;

    /// <summary>Whether the daemon is this run's to keep up, for a bridge that starts none.</summary>
    private bool KeepsDaemon => _options.Target?.Contains("{url}", StringComparison.Ordinal) == true;

    /// <summary>The daemon that serves now.</summary>
    public HealthDocument? Health => HealthFile.TryRead(Home) is { } health && LinuxProcesses.IsAlive(health.Pid) ? health : null;

    /// <summary>The process that a kill is for; null while there is none.</summary>
    public int? Victim => IsOwn || KeepsDaemon
        ? Health?.Pid
        : LinuxProcesses.With("HOME", _root.FullName).Where(process => string.Join(' ', process.Arguments).Contains(_options.Victim ?? "\0", StringComparison.Ordinal)).Select(process => (int?)process.Pid).FirstOrDefault();

    /// <summary>Every daemon of this home that lives, those that are on their way up included.</summary>
    public IReadOnlyList<int> Daemons =>
        [.. LinuxProcesses.OfHome(Home.Path).Where(process => process.Arguments.Contains("daemon", StringComparer.Ordinal) && !process.Arguments[0].EndsWith("sh", StringComparison.Ordinal)).Select(process => process.Pid)];

    public static async Task<Machine> StartAsync(TortureOptions options, Plan plan, TimeProvider time)
    {
        var provider = await SimulatorServer.StartAsync(new SimulatorOptions { Script = ProviderScript.For(plan) });
        var machine = new Machine(options, provider, time);
        machine.Wire.Open();
        if (machine.KeepsDaemon)
        {
            machine._environment["EXAI_WS_PORT"] = $"{FreePort()}";
            machine._keeping = machine.KeepDaemonAsync();
            while (machine.Health is null)
                await Task.Delay(TimeSpan.FromMilliseconds(20), time);
        }

        return machine;
    }

    /// <summary>Whether this shim's client gives up early, so that calls become jobs.</summary>
    public static bool IsImpatient(int shim) => shim % 4 == 2;

    public Bridge StartBridge(int shim, Findings findings)
    {
        var settings = new Dictionary<string, string>(_environment, StringComparer.Ordinal);
        if (_options.Attach is not null)
        {
            settings["EXAI_WS_AUTOSTART"] = "false";
        }
        else if (IsOwn && shim % 2 == 1)
        {
            settings["EXAI_HOME"] = Path.Combine(_root.FullName, "far-home");
            settings["EXAI_WS_PORT"] = $"{Wire.Port}";
            settings["EXAI_WS_AUTOSTART"] = "false";
            settings["EXAI_WS_PING_INTERVAL"] = "1";
            settings["EXAI_WS_PING_TIMEOUT"] = "2";
        }

        if (IsImpatient(shim))
            settings["EXAI_CLIENT_WAIT_SECS"] = "1";
        var command = _options.Target is { } target ? Words(target) : [_options.Exai, "shim"];
        return new Bridge($"shim {shim}", Start(settings, command), findings, _time);
    }

    private string[] Words(string command) =>
    [
        .. Word().Matches(command).Select(word => word.Value.Replace("\"", "", StringComparison.Ordinal)
            .Replace("{url}", $"http://127.0.0.1:{_environment["EXAI_WS_PORT"]}/mcp", StringComparison.Ordinal)
            .Replace("{token}", _environment["EXAI_WS_TOKEN"], StringComparison.Ordinal)),
    ];

    [GeneratedRegex("""(?:[^\s"]|"[^"]*")+""")]
    private static partial Regex Word();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>As a service manager does: one daemon after the other, each when the one before has ended.</summary>
    private async Task KeepDaemonAsync()
    {
        while (!_over)
        {
            using var daemon = StartDaemon();
            await daemon.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>A daemon in the foreground.</summary>
    public Process StartDaemon()
    {
        var settings = new Dictionary<string, string>(_environment, StringComparer.Ordinal) { ["SESSION_MAX_CONCURRENT"] = "100" };
        var daemon = Process.Start(Start(settings, [_options.Exai, "daemon"]))!;
        daemon.BeginOutputReadLine();
        daemon.BeginErrorReadLine();
        return daemon;
    }

    /// <summary>A daemon that shares the run's database, with process ids of its own: to the others it runs on another host. It dies with the process returned.</summary>
    /// <param name="port">0 for any.</param>
    public Process StartFarDaemon(ExaiHome home, int port)
    {
        var settings = new Dictionary<string, string>(_environment, StringComparer.Ordinal)
        {
            ["EXAI_HOME"] = home.Path,
            ["EXAI_STORE"] = _options.Store ?? throw new FormatException("--failover needs --store."),
            ["EXAI_WS_PORT"] = $"{port}",
        };
        var daemon = Process.Start(Start(settings, ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", _options.Exai, "daemon"]))!;
        daemon.BeginOutputReadLine();
        daemon.BeginErrorReadLine();
        return daemon;
    }

    /// <summary>A shim with a home of its own that knows several daemons.</summary>
    public Bridge StartFarBridge(int shim, string endpoints, Findings findings)
    {
        var settings = new Dictionary<string, string>(_environment, StringComparer.Ordinal)
        {
            ["EXAI_HOME"] = Path.Combine(_root.FullName, "far-home"),
            ["EXAI_WS_ENDPOINTS"] = endpoints,
        };
        return new Bridge($"shim {shim}", Start(settings, [_options.Exai, "shim"]), findings, _time);
    }

    /// <summary>Runs <c>exai restart</c> to its end, whatever comes of it.</summary>
    public async Task RestartAsync()
    {
        using var process = Process.Start(Start(_environment, [_options.Exai, "restart"]))!;
        process.StandardInput.Close();
        await Task.WhenAll(process.StandardOutput.BaseStream.CopyToAsync(Stream.Null), process.StandardError.BaseStream.CopyToAsync(Stream.Null));
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _over = true;
        // Shims are gone by now, so nobody starts another daemon; one may still be on its way up.
        while (LinuxProcesses.With("HOME", _root.FullName) is var left && (left.Count > 0 || !_keeping.IsCompleted))
        {
            foreach (var (pid, _) in left)
                LinuxProcesses.TryKill(pid);
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time);
        }

        await _keeping;
        await Wire.DisposeAsync();
        await Provider.DisposeAsync();
    }

    public void Delete() => _root.Delete(recursive: true);

    private ProcessStartInfo Start(Dictionary<string, string> settings, string[] command) => Start(settings, command, _root.FullName);

    /// <summary>A process that gets these settings and nothing else of this one's environment.</summary>
    public static ProcessStartInfo Start(Dictionary<string, string> settings, string[] command, string folder)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment.Clear();
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return start;
    }
}
