using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Exai.Protocol;

namespace Exai.Daemon.Tests.Http;

/// <summary>A client of <c>/mcp</c>, by hand: bodies in, statuses and events out.</summary>
internal sealed class McpClientOverHttp(int port, string? token = DaemonFixture.Token) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}/mcp"), Timeout = Timeout.InfiniteTimeSpan };
    private int _ids;

    /// <summary>As the daemon gave it in the handshake.</summary>
    public string? SessionId { get; set; }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string? body, Action<HttpRequestMessage>? set = null, CancellationToken cancellationToken = default)
    {
        var request = new HttpRequestMessage(method, "");
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (SessionId is not null)
        {
            request.Headers.Add("Mcp-Session-Id", SessionId);
        }

        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        set?.Invoke(request);
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken == default ? Patience.Token() : cancellationToken);
    }

    public async Task InitializeAsync(string version = "2025-11-25", JsonObject? capabilities = null)
    {
        using var response = await SendAsync(HttpMethod.Post, Request("initialize", new JsonObject
        {
            ["protocolVersion"] = version,
            ["capabilities"] = capabilities ?? [],
            ["clientInfo"] = new JsonObject { ["name"] = "http-test", ["version"] = "1" },
        }));
        response.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        SessionId = response.Headers.GetValues("Mcp-Session-Id").Single();
        (await AnswerAsync(response)).Result()["protocolVersion"]!.GetValue<string>().ShouldBe(version);
        using var accepted = await SendAsync(HttpMethod.Post, """{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        accepted.StatusCode.ShouldBe(System.Net.HttpStatusCode.Accepted);
        accepted.Content.Headers.ContentType.ShouldBeNull();
    }

    public string Request(string method, JsonObject? parameters = null) =>
        new JsonObject { ["jsonrpc"] = "2.0", ["id"] = ++_ids, ["method"] = method, ["params"] = parameters ?? [] }.ToJsonString();

    /// <summary>Sends a request of the versions with a handshake.</summary>
    public async Task<JsonObject> RequestAsync(string method, JsonObject? parameters = null, CancellationToken cancellationToken = default)
    {
        using var response = await SendAsync(HttpMethod.Post, Request(method, parameters), cancellationToken: cancellationToken);
        return await AnswerAsync(response, cancellationToken);
    }

    /// <summary>Sends a request of the version without a handshake, with all headers that it needs.</summary>
    public async Task<(HttpResponseMessage Response, JsonObject Answer)> ModernAsync(
        string method, JsonObject? parameters = null, Action<HttpRequestMessage>? set = null, CancellationToken cancellationToken = default)
    {
        parameters ??= [];
        parameters["_meta"] = new JsonObject
        {
            [ModernProtocol.VersionKey] = ModernProtocol.Version,
            [ModernProtocol.CapabilitiesKey] = new JsonObject(),
            [ModernProtocol.ClientInfoKey] = new JsonObject { ["name"] = "http-test", ["version"] = "1" },
        };
        var response = await SendAsync(HttpMethod.Post, Request(method, parameters), request =>
        {
            request.Headers.Add("MCP-Protocol-Version", ModernProtocol.Version);
            request.Headers.Add("Mcp-Method", method);
            if (parameters["name"] is { } name)
            {
                request.Headers.Add("Mcp-Name", (string)name!);
            }

            set?.Invoke(request);
        }, cancellationToken);
        try
        {
            return (response, await AnswerAsync(response, cancellationToken));
        }
        catch (OperationCanceledException)
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>The response among the events, or the whole body.</summary>
    public static async Task<JsonObject> AnswerAsync(HttpResponseMessage response, CancellationToken cancellationToken = default)
    {
        if (response.Content.Headers.ContentType?.MediaType == "application/json")
        {
            return (JsonObject)JsonNode.Parse(await response.Content.ReadAsStringAsync(Patience.Token()))!;
        }

        await foreach (var message in EventsAsync(response, cancellationToken))
        {
            if (message.ContainsKey("result") || message.ContainsKey("error"))
            {
                return message;
            }
        }

        throw new InvalidOperationException($"{(int)response.StatusCode}: the stream ended without a response.");
    }

    public static async IAsyncEnumerable<JsonObject> EventsAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Patience.Token()));
        while (await reader.ReadLineAsync(cancellationToken == default ? Patience.Token() : cancellationToken) is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal) && line.Length > 6)
            {
                yield return (JsonObject)JsonNode.Parse(line[5..])!;
            }
        }
    }

    public void Dispose() => _http.Dispose();
}
