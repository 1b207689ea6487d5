using System.Text.Json.Nodes;
using Exai.Settings;
using Exai.Settings.Home;
using Exai.Shim.Link;
using Exai.Shim.Stdio;
using Exai.Testing;
using Exai.Testing.Shim;
using Microsoft.Extensions.Logging;

namespace Exai.Shim.Tests;

/// <summary>
/// A whole shim session between a fake client and a fake daemon, on virtual time. After each test it checks what must always hold:
/// every line of stdout is one message, one response per request, progress only rises and never follows its response, nothing met a defect.
/// </summary>
internal sealed class ShimRig : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("exai-shim-");
    private readonly CancellationTokenSource _leave = new();
    private readonly List<(string IdJson, string? Token)> _sent = [];
    private Task _shim = Task.CompletedTask;

    private ShimRig(Simulation simulation)
    {
        Simulation = simulation;
        Home = new ExaiHome(_root.FullName);
        Client = new FakeClient(Time);
        Daemon = new FakeDaemon(Home, Time);
        Environment = new(StringComparer.Ordinal)
        {
            ["EXAI_HOME"] = Home.Path,
            ["HOME"] = Home.Path,
            ["EXAI_WS_AUTOSTART"] = "false",
            ["EXAI_WS_TOKEN"] = "a-token-of-sixteen",
            // Tests of other things wait as long as it takes; those of the waiting itself take this out.
            ["EXAI_CLIENT_WAIT_SECS"] = "86400",
        };
    }

    public Simulation Simulation { get; }

    public VirtualTime Time => Simulation.Time;

    public ExaiHome Home { get; }

    public FakeClient Client { get; }

    public FakeDaemon Daemon { get; }

    /// <summary>Several daemons in place of the one; see <see cref="UseCluster"/>.</summary>
    public FakeCluster? Cluster { get; private set; }

    public FakeLauncher Launcher { get; } = new();

    /// <summary>The shim's environment, read again at each attempt.</summary>
    public Dictionary<string, string> Environment { get; }

    public RecordingLogger Log { get; } = new();

    /// <summary>The session; completed when the shim has left.</summary>
    public Task Shim => _shim;

    /// <summary>Runs a test. The shim runs; the daemon does not until the test starts it.</summary>
    public static void Run(Func<ShimRig, Task> body, Action<ShimRig>? arrange = null, int? seed = null, bool usesPool = false, EarlyAnswer? early = null) => Simulation.Run(
        async simulation =>
        {
            using var rig = new ShimRig(simulation);
            arrange?.Invoke(rig);
            rig._shim = ShimSession.RunAsync(
                new ShimSettings(rig.Load), rig.Client.Input, rig.Client.Output, early ?? new EarlyAnswer(), rig.Cluster ?? (ILinkDialer)rig.Daemon, rig.Launcher, () => { }, rig.Log, rig.Time, new Random(seed ?? 1), rig._leave.Token);
            try
            {
                await body(rig);
                rig.Client.CloseInput();
                await rig._shim;
            }
            finally
            {
                rig._leave.Cancel();
            }

            rig.CheckWhatAlwaysHolds();
        },
        seed,
        usesPool: usesPool);

    /// <summary>For the arranging of a test: the shim knows these daemons and no other.</summary>
    public void UseCluster(int count)
    {
        Cluster = new FakeCluster(Home, Time, count);
        Environment["EXAI_WS_ENDPOINTS"] = Cluster.Endpoints;
        Environment.Remove("EXAI_WS_AUTOSTART");
    }

    public void Leave() => _leave.Cancel();

    public void Send(string line)
    {
        try
        {
            if (JsonNode.Parse(line, documentOptions: new() { MaxDepth = 1000 }) is JsonObject request && request["method"] is not null && request["id"] is { } id)
            {
                _sent.Add((id.ToJsonString(), request["params"]?["_meta"]?["progressToken"]?.ToJsonString()));
            }
        }
        catch (Exception malformed) when (malformed is System.Text.Json.JsonException or InvalidOperationException)
        {
            // Some tests send what is no message.
        }

        Client.Send(line);
    }

    public void Initialize(string version = "2025-06-18", string id = "0") =>
        Send($$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"initialize","params":{"protocolVersion":"{{{version}}}","capabilities":{"elicitation":{}},"clientInfo":{"name":"test-client","version":"1"} } }""");

    public void Initialized() => Send("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");

    public void Call(string id, string? token = null, string tool = "chat")
    {
        var meta = token is null ? "" : $",\"_meta\":{{\"progressToken\":{token}}}";
        var prompt = "Grüße " + id.Replace("\"", "", StringComparison.Ordinal);
        Send($"{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\",\"arguments\":{{\"prompt\":\"{prompt}\"}}{meta}}}}}");
    }

    public void ListTools(string id) => Send($$"""{"jsonrpc":"2.0","id":{{id}},"method":"tools/list"}""");

    public void Cancel(string id) => Send($$$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{{id}}},"reason":"test"}}""");

    /// <summary>A daemon that is up, a client that has shaken hands, and a link that is ready.</summary>
    public async Task ReadyAsync()
    {
        if (!Daemon.IsUp)
        {
            Daemon.Start();
        }

        Initialize();
        Initialized();
        await LinkAsync();
    }

    /// <summary>Waits for a link that calls can go through.</summary>
    public Task ConnectedAsync(TimeSpan within) => UntilAsync(
        () => Daemon.IsConnected && Daemon.Connection.Received.Any(message => message.Method == "notifications/initialized"), "a link", within);

    /// <summary>Waits for a link on which the shim has said everything that it says first; the question for the tools comes a second after the rest.</summary>
    public Task LinkAsync(TimeSpan? within = null) => UntilAsync(
        () => Daemon.IsConnected && Daemon.Connection.Received.Any(message => message.Method == "tools/list"), "a link", within);

    /// <summary>Waits for a state of affairs; looks every 5 ms of virtual time.</summary>
    public async Task UntilAsync(Func<bool> holds, string what, TimeSpan? within = null)
    {
        var end = Time.GetUtcNow() + (within ?? TimeSpan.FromMinutes(2));
        await Simulation.SettleAsync();
        while (!holds())
        {
            (Time.GetUtcNow() < end).ShouldBeTrue($"Waited in vain for {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), Time);
        }

        await Simulation.SettleAsync();
    }

    public Task PassAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), Time);

    public Task SettleAsync() => Simulation.SettleAsync();

    public void Dispose()
    {
        Client.Dispose();
        _leave.Dispose();
        _root.Delete(recursive: true);
    }

    public SettingsResult Load() => SettingsLoader.Load(new SettingsSources { Environment = Environment });

    private void CheckWhatAlwaysHolds()
    {
        Client.EndsMidLine.ShouldBeFalse();
        Log.Entries.Where(entry => entry.Id == 2007).ShouldBeEmpty();
        foreach (var requests in _sent.GroupBy(request => request.IdJson, StringComparer.Ordinal))
        {
            Client.Responses(requests.Key).Count().ShouldBeLessThanOrEqualTo(requests.Count(), $"responses to {requests.Key}");
            if (requests.Count() > 1 || requests.Single().Token is not { } token)
            {
                continue;
            }

            var last = double.NegativeInfinity;
            var answered = false;
            foreach (var line in Client.Lines)
            {
                answered |= line.IsResponse && line.IdJson == requests.Key;
                if (line.Method == "notifications/progress" && line.Json["params"]!["progressToken"]?.ToJsonString() == token)
                {
                    answered.ShouldBeFalse($"progress of {requests.Key} after its response");
                    var value = (double)line.Json["params"]!["progress"]!;
                    value.ShouldBeGreaterThan(last);
                    last = value;
                }
            }
        }
    }
}

/// <summary>Keeps what was logged.</summary>
internal sealed class RecordingLogger : ILogger
{
    public List<(int Id, LogLevel Level, string Text)> Entries { get; } = [];

    public IEnumerable<string> Texts(int id) => Entries.Where(entry => entry.Id == id).Select(entry => entry.Text);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Entries.Add((eventId.Id, logLevel, formatter(state, exception) + (exception is null ? "" : $" {exception}")));
}
