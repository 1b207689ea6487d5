using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;

namespace Exai.Peers;

/// <summary>An MCP client over streamable HTTP, for a bridge that stands before a stdio server.</summary>
internal sealed class HttpClientOfBridge : McpClient
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = StdioClient.Patience };
    private readonly Process _process;
    private readonly Uri _url;
    private string? _session;
    private int _lastId;

    public HttpClientOfBridge(ProcessStartInfo start, Uri url)
    {
        _url = url;
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public override int Id => _process.Id;

    public override void Initialize()
    {
        var started = Watch.Start();
        while (true)
        {
            try
            {
                Post(Request(++_lastId, "initialize", Hello)).GetAwaiter().GetResult();
                break;
            }
            catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.ConnectionError && started.Elapsed < StdioClient.Patience)
            {
                Task.Delay(Look, TimeProvider.System).GetAwaiter().GetResult();
            }
        }

        Post(Initialized).GetAwaiter().GetResult();
    }

    public override string Call(string tool, string arguments = "{}") => AskAsync(tool, arguments).GetAwaiter().GetResult();

    public override void Pipeline(string tool, int calls, int inFlight) => Task.WhenAll(Enumerable.Range(0, inFlight).Select(async lane =>
    {
        for (var call = lane; call < calls; call += inFlight)
            await AskAsync(tool, "{}");
    })).GetAwaiter().GetResult();

    public override Task<string> AskAsync(string tool, string arguments) => Post(Request(Interlocked.Increment(ref _lastId), "tools/call", Tool(tool, arguments)));

    public override void Dispose()
    {
        _http.Dispose();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task<string> Post(string message)
    {
        using var content = new StringContent(message, Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = content };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (_session is not null)
            request.Headers.Add("Mcp-Session-Id", _session);
        using var response = await _http.SendAsync(request);
        _session ??= response.Headers.TryGetValues("Mcp-Session-Id", out var values) ? values.First() : null;
        var body = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? body : throw new HttpRequestException($"{(int)response.StatusCode}: {body}");
    }
}
