using Exai.Core.Providers;
using Exai.Core.Providers.Glm;
using Exai.Core.Storage;
using Exai.Settings;
using Exai.Simulator;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

/// <summary>The real clients over real HTTP against the simulator, and one generous token for every wait.</summary>
internal sealed class SimulatedProvider : IAsyncDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(30), TimeProvider.System);
    private readonly List<IChatClient> _clients = [];

    private SimulatedProvider(SimulatorServer server) => Server = server;

    public SimulatorServer Server { get; }

    public CancellationToken Patience => _patience.Token;

    public static async Task<SimulatedProvider> StartAsync(params SimulatorRule[] rules) =>
        new(await SimulatorServer.StartAsync(new SimulatorOptions { Script = new SimulatorScript { Rules = rules } }));

    public IChatClient Glm(string key = "glm-test.key-of-test", IProviderFileIndex? files = null) => Keep(ProviderClients.Glm(
        Endpoint("glm", Server.GlmBaseUrl, key), Wire.Catalogue, new GlmWebSearchOptions(), TimeProvider.System, files: files));

    public IChatClient Kimi(string key = "sk-key-of-test", IProviderFileIndex? files = null, KimiSearchMode mode = KimiSearchMode.Builtin) => Keep(
        ProviderClients.Kimi(Endpoint("kimi", Server.KimiBaseUrl, key), Wire.Catalogue, TimeProvider.System, files: files, searchMode: mode));

    /// <summary>Method and path of every request, in order.</summary>
    public IReadOnlyList<string> Routes => [.. Server.Log.Requests.Select(request => $"{request.Method} {request.Path}")];

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        await Server.DisposeAsync();
        _patience.Dispose();
    }

    private static ProviderEndpoint Endpoint(string name, Uri url, string key) => new() { Name = name, BaseUrl = url, ApiKey = key };

    private IChatClient Keep(IChatClient client)
    {
        _clients.Add(client);
        return client;
    }
}
