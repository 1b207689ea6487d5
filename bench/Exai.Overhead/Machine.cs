using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Exai.Overhead;

/// <summary>A simulator, a shim and its daemon as processes of their own, in a home that goes with them.</summary>
internal sealed class Machine : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("exai-overhead-");
    private readonly Dictionary<string, string> _environment;
    private readonly Process _simulator;
    private readonly HttpClient _control = new(new SocketsHttpHandler { UseProxy = false });
    private Process? _shim;
    private int _lastId;

    private Machine()
    {
        _environment = new(StringComparer.Ordinal)
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
            ["HOME"] = _folder.FullName,
            ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "../../..")),
            ["EXAI_HOME"] = Path.Combine(_folder.FullName, "home"),
            ["EXAI_WS_PORT"] = "0",
            ["MONITORING_PORT"] = "0",
            ["LOG_LEVEL"] = "ERROR",
            ["GLM_API_KEY"] = "key-of-the-bench",
        };
        _simulator = Start("sim");
    }

    public Uri GlmBaseUrl { get; private set; } = null!;

    public TimeProvider Time { get; } = TimeProvider.System;

    /// <param name="script">How the provider answers.</param>
    /// <param name="collector">Where the daemon sends its spans; null for nowhere.</param>
    public static async Task<Machine> StartAsync(string script, string? collector = null)
    {
        var machine = new Machine();
        if (collector is not null)
            machine._environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector;
        while (await machine._simulator.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("GLM_API_URL=", StringComparison.Ordinal))
            {
                machine.GlmBaseUrl = new Uri(line["GLM_API_URL=".Length..]);
                break;
            }
        }

        using var content = new StringContent(script);
        (await machine._control.PutAsync(new Uri(machine.GlmBaseUrl, "/sim/script"), content)).EnsureSuccessStatusCode();

        machine._environment["GLM_API_URL"] = machine.GlmBaseUrl.ToString();
        machine._shim = machine.Start("shim");
        await machine.RequestAsync("initialize", JsonNode.Parse("""{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}""")!);
        await machine.SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        await machine.RequestAsync("tools/call", JsonNode.Parse("""{"name":"version","arguments":{}}""")!);
        return machine;
    }

    /// <summary>The load averages of the system; empty where it has none.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "";

    /// <summary>When the last request came in, on the simulator's clock, which is this machine's.</summary>
    public async Task<DateTimeOffset> LastArrivalAsync()
    {
        var requests = JsonNode.Parse(await _control.GetStringAsync(new Uri(GlmBaseUrl, "/sim/requests?last=1")))!.AsArray();
        return (DateTimeOffset)requests[^1]!["at"]!;
    }

    /// <summary>Sends a request to the shim and reads until its response.</summary>
    public async Task<string> RequestAsync(string method, JsonNode parameters)
    {
        var id = ++_lastId;
        await SendAsync($"{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{parameters.ToJsonString()}}}");
        while (await _shim!.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains($"\"id\":{id},", StringComparison.Ordinal) || line.EndsWith($"\"id\":{id}}}", StringComparison.Ordinal))
                return line;
        }

        throw new EndOfStreamException($"The shim ended before it answered {method}.");
    }

    /// <summary>Ends the shim and the daemon, which sends its last spans.</summary>
    public async Task StopDaemonAsync()
    {
        if (_shim is not null)
        {
            _shim.StandardInput.Close();
            await _shim.WaitForExitAsync();
            using var stop = Start("stop");
            await stop.WaitForExitAsync();
            _shim.Dispose();
            _shim = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopDaemonAsync();
        _control.Dispose();
        _simulator.Kill();
        await _simulator.WaitForExitAsync();
        _simulator.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task SendAsync(string line)
    {
        await _shim!.StandardInput.WriteAsync(line + "\n");
        await _shim.StandardInput.FlushAsync();
    }

    private Process Start(string command)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "exai"), [command])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _folder.FullName,
        };
        start.Environment.Clear();
        foreach (var (name, value) in _environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
