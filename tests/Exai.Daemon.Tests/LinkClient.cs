using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Protocol;

namespace Exai.Daemon.Tests;

/// <summary>The other end of a link, by hand: frames in, frames out.</summary>
internal sealed class LinkClient : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _ids;

    public static string ChatCallId() => CallId.New(TimeProvider.System);

    /// <summary>Frames that came while a response was awaited.</summary>
    public List<JsonObject> Notifications { get; } = [];

    public WebSocketState State => _socket.State;

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    public IReadOnlyDictionary<string, IEnumerable<string>> Headers => _socket.HttpResponseHeaders!;

    public System.Net.HttpStatusCode Status => _socket.HttpStatusCode;

    /// <param name="set">Changes headers and such; runs last.</param>
    public static async Task<LinkClient> ConnectAsync(
        int port, string? token, string? session = null, Action<ClientWebSocketOptions>? set = null, string scheme = "ws")
    {
        var client = new LinkClient();
        var options = client._socket.Options;
        options.CollectHttpResponseDetails = true;
        options.AddSubProtocol(LinkContract.Subprotocol);
        if (token is not null)
        {
            options.SetRequestHeader("Authorization", "Bearer " + token);
        }

        if (session is not null)
        {
            options.SetRequestHeader(LinkContract.SessionHeader, session);
        }

        set?.Invoke(options);
        try
        {
            await client._socket.ConnectAsync(new Uri($"{scheme}://127.0.0.1:{port}{LinkContract.Path}"), Patience.Token());
        }
        catch (WebSocketException)
        {
            // The status tells the test why.
        }

        return client;
    }

    public Task SendAsync(string frame) => SendAsync(Encoding.UTF8.GetBytes(frame));

    public Task SendAsync(byte[] frame, WebSocketMessageType type = WebSocketMessageType.Text) =>
        _socket.SendAsync(frame, type, endOfMessage: true, Patience.Token());

    /// <summary>Completes when the other side has ended the link, with a close frame or without: a process that exits need not wait for frames to leave.</summary>
    public async Task EndAsync()
    {
        try
        {
            while (await ReceiveAsync() is not null)
            {
                // What was sent before the end.
            }
        }
        catch (WebSocketException)
        {
            // Cut.
        }
    }

    /// <summary>The next frame; null when the other side closes.</summary>
    public async Task<JsonObject?> ReceiveAsync()
    {
        var frame = new MemoryStream();
        while (true)
        {
            var part = await _socket.ReceiveAsync(_buffer.AsMemory(), Patience.Token());
            if (part.MessageType == WebSocketMessageType.Close)
            {
                await CloseAsync();
                return null;
            }

            frame.Write(_buffer, 0, part.Count);
            if (part.EndOfMessage)
            {
                return (JsonObject)JsonNode.Parse(frame.ToArray())!;
            }
        }
    }

    /// <summary>The id of a request that has been sent and not waited for.</summary>
    public async Task<int> BeginAsync(string method, JsonObject? parameters = null)
    {
        var id = ++_ids;
        await SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] }.ToJsonString());
        return id;
    }

    /// <summary>The response to a request that was begun.</summary>
    public async Task<JsonObject> EndAsync(int id)
    {
        while (await ReceiveAsync() is { } frame)
        {
            if (frame["id"] is { } answered && answered.GetValueKind() == JsonValueKind.Number && (int)answered == id)
            {
                return frame;
            }

            Notifications.Add(frame);
        }

        throw new InvalidOperationException($"The link was closed ({CloseStatus}) before the response to {id}.");
    }

    public async Task<JsonObject> RequestAsync(string method, JsonObject? parameters = null) => await EndAsync(await BeginAsync(method, parameters));

    public async Task<JsonObject> InitializeAsync(string version = "2025-06-18")
    {
        var response = await RequestAsync("initialize", new JsonObject
        {
            ["protocolVersion"] = version,
            ["capabilities"] = new JsonObject(),
            ["clientInfo"] = new JsonObject { ["name"] = "test", ["version"] = "1" },
        });
        await SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        return (JsonObject)response["result"]!;
    }

    public static JsonObject Call(string tool, JsonObject? arguments = null, JsonNode? callId = null, string? progressToken = null)
    {
        var meta = new JsonObject();
        if (callId is not null)
        {
            meta[MetaKeys.CallId] = callId;
        }

        if (progressToken is not null)
        {
            meta["progressToken"] = progressToken;
        }

        return new JsonObject { ["name"] = tool, ["arguments"] = arguments ?? [], ["_meta"] = meta };
    }

    public static JsonObject Chat(string prompt, string? callId = null, string? progressToken = null) =>
        Call("chat", new JsonObject { ["prompt"] = prompt }, callId, progressToken);

    public void Cut() => _socket.Abort();

    /// <summary>Ends this side's half; the other side may have gone first.</summary>
    public async Task CloseAsync()
    {
        try
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", Patience.Token());
        }
        catch (Exception cut) when (cut is WebSocketException or IOException)
        {
            // It has.
        }
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
