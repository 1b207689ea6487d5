using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.Witness.Tests.Harness;

/// <summary>The <c>@copilotkit/aimock</c> server on loopback, started for the first test that needs it.</summary>
public sealed class Aimock : IAsyncDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private NodeScript? _script;
    private Uri? _url;

    /// <summary>The base of its OpenAI interface.</summary>
    public Uri BaseUrl => new(_url!, "/v1");

    public async Task StartAsync()
    {
        if (_script is not null)
            return;
        _script = NodeScript.Start("aimock-server.mjs", "@copilotkit/aimock");
        _url = new Uri(await _script.ReadLineAsync(Patience.Token()));
    }

    /// <summary>What it was asked, oldest first: path, headers, body, and the status it answered with.</summary>
    public async Task<IReadOnlyList<JsonNode>> JournalAsync() =>
        [.. JsonNode.Parse(await _http.GetStringAsync(new Uri(_url!, "/__aimock/journal"), Patience.Token()))!.AsArray().Select(entry => entry!)];

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_script is not null)
            await _script.DisposeAsync();
    }
}
