using System.Net;
using System.Net.Http.Headers;
using Exai.Protocol;
using Exai.Settings.Certificates;
using Exai.Shim.Files;

namespace Exai.Shim.Link;

/// <summary>The daemon's <c>/blobs</c>, beside its link: one client for one connection. Streams; no file is in memory whole.</summary>
internal sealed class BlobClient : IDisposable
{
    private readonly HttpClient _http;

    public BlobClient(LinkEndpoint daemon)
    {
        // As for the link: no proxy. What a daemon does not answer ends with the connection, or by the courier's clock.
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, MaxConnectionsPerServer = 4 };
        if (daemon.Tls is { } trust)
        {
            handler.SslOptions = new ServerCheck(trust, daemon.Host).Options();
        }

        _http = new HttpClient(handler)
        {
            BaseAddress = new UriBuilder(daemon.Tls is null ? "http" : "https", daemon.Host, daemon.Port).Uri,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (daemon.Token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", daemon.Token);
        }
    }

    public async Task<bool> HasAsync(string sha256, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, BlobContract.PathOf(sha256));
        using var response = await _http.SendAsync(request, cancellationToken);
        return response.StatusCode == HttpStatusCode.NotFound ? false : response.EnsureSuccessStatusCode().IsSuccessStatusCode;
    }

    public async Task SendAsync(string sha256, Stream content, CancellationToken cancellationToken)
    {
        using var body = new StreamContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await _http.PutAsync(BlobContract.PathOf(sha256), body, cancellationToken);
        if (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.InsufficientStorage or HttpStatusCode.NotFound)
        {
            throw new BlobRefusedException($"The daemon refused a file's bytes ({(int)response.StatusCode}).");
        }

        response.EnsureSuccessStatusCode();
    }

    public void Dispose() => _http.Dispose();
}
