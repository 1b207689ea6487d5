using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;
using Exai.Testing;
using Exai.Testing.Stores;

namespace Exai.Daemon.Tests;

/// <summary>A daemon on real loopback sockets, with a home and a provider of its own. An error in its log fails the test.</summary>
internal sealed class DaemonFixture : IAsyncDisposable
{
    public const string Token = "a-token-of-thirty-two-characters";

    private readonly string _folder = Directory.CreateTempSubdirectory("exai-daemon-").FullName;
    private Dictionary<string, string> _variables = [];
    private DaemonHost? _host;

    private DaemonFixture(GatedProvider provider) => Provider = provider;

    public GatedProvider Provider { get; }

    public ListLogger Log { get; } = new();

    public ExaiSettings Settings { get; private set; } = null!;

    public DaemonHost Host => _host!;

    public ExaiHome Home => Settings.Home;

    /// <summary>With a store of its own.</summary>
    public static Task<DaemonFixture> StartAsync(StoreEngine store, params (string Name, string Value)[] settings) =>
        StartAsync(store == StoreEngine.Sqlite ? settings : [.. settings, ("EXAI_STORE", PostgresServer.Shared.CreateDatabase())]);

    public static async Task<DaemonFixture> StartAsync(params (string Name, string Value)[] settings)
    {
        var fixture = new DaemonFixture(await GatedProvider.StartAsync());
        fixture.Settings = fixture.Load(settings);
        fixture._host = await fixture.StartHostAsync();
        return fixture;
    }

    /// <summary>Another daemon on the same home.</summary>
    public Task<DaemonHost> StartHostAsync() => DaemonHost.StartAsync(Settings, Log, TimeProvider.System, TestContext.Current.CancellationToken, readSettings: ReadSettings);

    public Task<LinkClient> ConnectAsync(string? session = null) => LinkClient.ConnectAsync(Host.Port, Token, session);

    /// <summary>Connected and initialised.</summary>
    public async Task<LinkClient> OpenAsync(string? session = null)
    {
        var client = await ConnectAsync(session);
        await client.InitializeAsync();
        return client;
    }

    public async Task StopAsync()
    {
        if (_host is { } host)
        {
            _host = null;
            await host.DisposeAsync();
        }
    }

    /// <summary>Waits until the health file says so; woken by the file, not by a clock.</summary>
    public async Task<HealthDocument> HealthAsync(Func<HealthDocument, bool> says)
    {
        var changed = new SemaphoreSlim(0);
        using var watcher = new FileSystemWatcher(Home.Path, Path.GetFileName(Home.HealthFile));
        watcher.Changed += (_, _) => changed.Release();
        watcher.Created += (_, _) => changed.Release();
        watcher.Renamed += (_, _) => changed.Release();
        watcher.EnableRaisingEvents = true;
        while (true)
        {
            if (HealthFile.TryRead(Home) is { } health && says(health))
            {
                return health;
            }

            await changed.WaitAsync(Patience.Token());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Provider.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        Log.Errors.ShouldBeEmpty();
    }

    private SettingsResult ReadSettings() => SettingsLoader.Load(new SettingsSources { Environment = _variables });

    private ExaiSettings Load((string Name, string Value)[] settings)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HOME"] = _folder,
            ["EXAI_HOME"] = Path.Combine(_folder, "home"),
            ["EXAI_WS_PORT"] = "0",
            ["EXAI_WS_TOKEN"] = Token,
            ["MONITORING_PORT"] = "0",
            ["GLM_API_KEY"] = "0123456789abcdef.s3cr3ts3cr3tXYZ",
            ["GLM_API_URL"] = Provider.BaseUrl.ToString(),
        };
        foreach (var (name, value) in settings)
        {
            variables[name] = value;
        }

        _variables = variables;
        var result = ReadSettings();
        result.Problems.ShouldBeEmpty();
        return result.Settings;
    }
}

/// <summary>Parts of a tool's result.</summary>
internal static class ResultReading
{
    public static JsonObject Result(this JsonObject response) =>
        response["result"] as JsonObject ?? throw new InvalidOperationException($"No result: {response.ToJsonString()}");

    public static string Text(this JsonObject response) => (string)response.Result()["content"]![0]!["text"]!;

    public static bool IsError(this JsonObject response) => (bool?)response.Result()["isError"] == true;

    public static string? ErrorCode(this JsonObject response) => (string?)response.Result()["_meta"]?[MetaKeys.Error]?["code"];

    public static Receipt Receipt(this JsonObject response) =>
        response.Result()["_meta"]![MetaKeys.Receipt].Deserialize(WireJson.Relaxed.Receipt)!;
}
