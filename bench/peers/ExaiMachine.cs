using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Exai.Peers;

/// <summary>A published exai, a simulated provider, and a home that goes with them.</summary>
internal sealed class ExaiMachine : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("exai-peers-");
    private readonly HttpClient _control = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Dictionary<string, string> _environment;
    private readonly string _program;
    private Process? _simulator;

    /// <param name="inFlight">So many calls at once wait for no permit: that would be the limits' work and not the machine's.</param>
    private ExaiMachine(string program, int inFlight)
    {
        _program = program;
        _environment = new(StringComparer.Ordinal)
        {
            ["HOME"] = _folder.FullName,
            ["EXAI_HOME"] = Home,
            ["EXAI_WS_PORT"] = "0",
            ["MONITORING_PORT"] = "0",
            ["LOG_LEVEL"] = "ERROR",
            ["GLM_API_KEY"] = "key-of-the-bench",
            ["EXAI_WS_GLOBAL_MAX_INFLIGHT"] = $"{inFlight}",
            ["EXAI_WS_SESSION_MAX_INFLIGHT"] = $"{inFlight}",
            ["EXAI_WS_GLM_MAX_INFLIGHT"] = $"{inFlight}",
            ["GLM_CONNECTION_POOL_SIZE"] = $"{inFlight}",
            ["EXAI_QUEUE_MAX"] = $"{4 * inFlight}",
            ["SESSION_MAX_CONCURRENT"] = "2000",
        };
    }

    public Uri GlmBaseUrl { get; private set; } = null!;

    public HttpClient Control => _control;

    /// <summary>The simulator's process.</summary>
    public int Simulator => _simulator!.Id;

    /// <summary>The daemon that serves, as its health file says; null when there is none.</summary>
    public int? Daemon => (int?)Health("pid");

    /// <summary>Where it listens for links.</summary>
    public int Port => (int?)Health("port") ?? throw new InvalidOperationException("No daemon serves.");

    /// <summary>What links and HTTP clients show it.</summary>
    public string Token => File.ReadAllText(Path.Combine(Home, "token")).Trim();

    private string Home => Path.Combine(_folder.FullName, "home");

    /// <param name="script">Of the simulator.</param>
    /// <param name="inFlight">The most calls at once.</param>
    /// <param name="collector">Where the daemon sends its spans; null for nowhere.</param>
    public static async Task<ExaiMachine> StartAsync(string program, string script, int inFlight = 256, string? collector = null)
    {
        var machine = new ExaiMachine(program, inFlight);
        if (collector is not null)
            machine._environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector;
        var port = Children.FreePort();
        machine._simulator = await Children.StartUntilAsync(machine.Command("sim", "--port", $"{port}"), "GLM_API_URL=");
        machine.GlmBaseUrl = new Uri($"http://127.0.0.1:{port}/api/paas/v4");
        machine._environment["GLM_API_URL"] = machine.GlmBaseUrl.ToString();
        await machine.ScriptAsync(script);
        return machine;
    }

    /// <summary>Publishes exai as it is delivered: ReadyToRun, for this system.</summary>
    public static async Task<string> PublishAsync()
    {
        var folder = Path.Combine(Repository.Root, "artifacts", "bench", "exai");
        await Children.RunAsync(Children.Command("dotnet",
        [
            "publish", Path.Combine(Repository.Root, "src", "Exai"), "-c", "Release", "--use-current-runtime", "--no-self-contained",
            "-p:PublishReadyToRun=true", "-o", folder, "-v", "q", "--nologo",
        ]));
        return Path.Combine(folder, "exai");
    }

    /// <summary>Of a part of the run; it goes with the machine.</summary>
    public string Folder(string name) => Path.Combine(_folder.FullName, name);

    private JsonNode? Health(string member)
    {
        var file = Path.Combine(Home, "health.json");
        return File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file))?[member] : null;
    }

    public ProcessStartInfo Command(params string[] arguments) => Children.Command(_program, arguments, _environment);

    public async Task ScriptAsync(string script)
    {
        using var content = new StringContent(script);
        (await _control.PutAsync(new Uri(GlmBaseUrl, "/sim/script"), content)).EnsureSuccessStatusCode();
    }

    public Task StartDaemonAsync() => Children.RunAsync(Command("start"));

    public Task StopDaemonAsync() => Children.RunAsync(Command("stop"));

    public async ValueTask DisposeAsync()
    {
        if (Daemon is not null)
            await StopDaemonAsync();
        _simulator!.Kill();
        await _simulator.WaitForExitAsync();
        _simulator.Dispose();
        _control.Dispose();
        _folder.Delete(recursive: true);
    }
}
