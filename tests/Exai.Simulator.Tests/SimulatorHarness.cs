using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Exai.Simulator.Tests;

/// <summary>A running simulator, a client with a good key, and one generous token for every wait.</summary>
internal sealed class SimulatorHarness : IAsyncDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(30));

    // Without this a disposed response is read on for two seconds before its connection closes.
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, ResponseDrainTimeout = TimeSpan.Zero });

    private SimulatorHarness(SimulatorServer server)
    {
        Server = server;
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "good-key");
    }

    public SimulatorServer Server { get; }

    public SimulatorLog Log => Server.Log;

    public CancellationToken Patience => _patience.Token;

    public HttpClient Client => _client;

    public static Task<SimulatorHarness> StartAsync(params SimulatorRule[] rules) => StartAsync(TimeProvider.System, rules);

    public static async Task<SimulatorHarness> StartAsync(TimeProvider time, params SimulatorRule[] rules) =>
        new(await SimulatorServer.StartAsync(new SimulatorOptions { Script = new SimulatorScript { Rules = rules }, Time = time }));

    public Uri Base(string dialect) => dialect switch
    {
        "glm" => Server.GlmBaseUrl,
        "kimi" => Server.KimiBaseUrl,
        _ => Server.OpenAiBaseUrl,
    };

    /// <summary>Sends a chat request and returns at the response headers.</summary>
    public Task<HttpResponseMessage> SendAsync(string dialect, string body, CancellationToken? cancellationToken = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Base(dialect) + "/chat/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken ?? Patience);
    }

    /// <summary>A chat request's whole body, byte for byte.</summary>
    public async Task<string> BodyAsync(string dialect, string body)
    {
        using var response = await SendAsync(dialect, body);
        return await response.Content.ReadAsStringAsync(Patience);
    }

    /// <summary>The data lines of a stream, and whether it ended in an orderly way.</summary>
    public async Task<(IReadOnlyList<string> Lines, bool Broken)> LinesAsync(string dialect, string body)
    {
        using var response = await SendAsync(dialect, body);
        var lines = new List<string>();
        try
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Patience));
            while (await reader.ReadLineAsync(Patience) is { } line)
            {
                if (line.Length > 0)
                    lines.Add(line);
            }
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            return (lines, true);
        }

        return (lines, false);
    }

    public async Task<(int Status, JsonElement Json)> JsonAsync(string dialect, string body)
    {
        using var response = await SendAsync(dialect, body);
        return ((int)response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(Patience)).RootElement);
    }

    public async Task<(int Status, string Text)> GetAsync(Uri address)
    {
        using var response = await _client.GetAsync(address, Patience);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Patience));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Server.DisposeAsync();
        _patience.Dispose();
    }
}
