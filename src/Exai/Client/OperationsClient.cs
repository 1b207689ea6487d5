using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Certificates;
using Exai.Settings.Home;

namespace Exai.Cli.Client;

/// <summary>The operations endpoint of this home's daemon, asked with the home's token.</summary>
internal sealed class OperationsClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;
    private readonly ServerCheck? _check;

    private OperationsClient(Uri address, TlsTrust? trust, string? token)
    {
        Address = address;
        var handler = new SocketsHttpHandler { UseProxy = false };
        if (trust is not null)
        {
            _check = new ServerCheck(trust, address.Host);
            handler.SslOptions = _check.Options();
        }

        _http = new HttpClient(handler) { BaseAddress = address, Timeout = Patience };
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    public Uri Address { get; }

    /// <summary>For whom the certificate is, when that is not the host of <see cref="Address"/>: a browser asks its user then. Known after the first request.</summary>
    public string? OtherNames => _check?.OtherNames;

    /// <summary>Null when the daemon serves no operations endpoint.</summary>
    public static OperationsClient? For(ExaiSettings settings, HealthDocument daemon) => daemon.MonitoringPort == 0
        ? null
        : new OperationsClient(
            new UriBuilder(daemon.TlsCertificates.Count > 0 ? "https" : "http", Reachable(settings.Monitoring.Host), daemon.MonitoringPort).Uri,
            TlsTrust.Own(settings.Link.Tls, daemon),
            settings.Link.Token ?? TokenFile.TryRead(settings.Home));

    /// <summary>What is served there; null when it does not answer, with the reason.</summary>
    public async Task<(JsonObject? Document, string? Problem)> GetAsync(string path, CancellationToken cancellationToken) =>
        await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);

    public async Task<(JsonObject? Document, string? Problem)> PostAsync(string path, CancellationToken cancellationToken) =>
        await SendAsync(new HttpRequestMessage(HttpMethod.Post, path), cancellationToken);

    /// <summary>Whether the daemon says that it is ready, and if not, why.</summary>
    public async Task<(bool Ready, string? Problem)> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync("/health/ready", cancellationToken);
            return (response.StatusCode == HttpStatusCode.OK, response.StatusCode == HttpStatusCode.OK ? null : $"{Address}health/ready answers {(int)response.StatusCode}");
        }
        catch (Exception failure) when (IsUnreachable(failure, cancellationToken))
        {
            return (false, $"{Address}health/ready does not answer: {Reason(failure)}");
        }
    }

    /// <summary>What is served there as text; null when it does not answer.</summary>
    public async Task<string?> TextAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.GetStringAsync(path, cancellationToken);
        }
        catch (Exception failure) when (IsUnreachable(failure, cancellationToken))
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<(JsonObject? Document, string? Problem)> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using (request)
            {
                using var response = await _http.SendAsync(request, cancellationToken);
                var body = await response.Content.ReadAsStringAsync(cancellationToken);
                // A daemon that is not ready answers 503 with its reasons.
                return response.Content.Headers.ContentType?.MediaType == "application/json"
                    ? ((JsonObject)JsonNode.Parse(body)!, null)
                    : (null, $"{request.RequestUri} answers {(int)response.StatusCode}");
            }
        }
        catch (Exception failure) when (IsUnreachable(failure, cancellationToken) || failure is JsonException)
        {
            return (null, $"{Address} does not answer: {Reason(failure)}");
        }
    }

    private string Reason(Exception failure) => _check?.Refusal is { } refusal ? $"its TLS certificate is not accepted. {refusal}" : failure.Message;

    private static bool IsUnreachable(Exception failure, CancellationToken cancellationToken) =>
        failure is HttpRequestException || (failure is TaskCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>An address that stands for all of the machine's is reached through loopback.</summary>
    private static string Reachable(string host) => host switch
    {
        "0.0.0.0" => "127.0.0.1",
        "::" or "[::]" => "[::1]",
        _ when host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[') => $"[{host}]",
        _ => host,
    };
}
