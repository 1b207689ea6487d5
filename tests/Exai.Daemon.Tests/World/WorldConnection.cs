using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Exai.Core.Admission;
using Exai.Daemon.Link;
using Exai.Protocol;
using Exai.Shim.Link;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using LinkEndpoint = Exai.Shim.Link.LinkEndpoint;

namespace Exai.Daemon.Tests.World;

/// <summary>
/// A connection between a real shim and a <see cref="WorldDaemon"/>. Each message is under way for a while; what is under way when the
/// connection breaks is lost, in both directions, and a silent connection takes everything and delivers nothing. At the daemon's end it
/// does what the MCP SDK and its transport do there: requests run side by side, a cancel ends its request's token, a lost connection ends
/// the waiting for calls, and no call.
/// </summary>
internal sealed class WorldConnection : ILinkConnection
{
    private readonly Channel<byte[]> _toDaemon = Channel.CreateUnbounded<byte[]>();
    private readonly Channel<byte[]> _toShim = Channel.CreateUnbounded<byte[]>();
    private readonly Channel<byte[]> _arrived = Channel.CreateUnbounded<byte[]>();
    private readonly Dictionary<RequestId, CancellationTokenSource> _requests = [];
    private readonly Dictionary<RequestId, Asker> _askers = [];
    private readonly CancellationTokenSource _lost = new();
    private readonly SimulatedWorld _world;
    private readonly WorldDaemon _daemon;
    private readonly SessionLink _place;
    private readonly WorldServer _server;
    private bool _silent;

    public WorldConnection(SimulatedWorld world, WorldDaemon daemon, LinkEndpoint endpoint, SessionLink place)
    {
        (_world, _daemon, _place) = (world, daemon, place);
        (SessionId, Era, Epoch) = (endpoint.SessionId, endpoint.Era, daemon.Epoch);
        _server = new WorldServer(this);
        // Each ends with the connection.
        _ = CarryAsync(_toDaemon.Reader, OnMessage);
        _ = CarryAsync(_toShim.Reader, message => _arrived.Writer.TryWrite(message));
        _ = GiveWayAsync();
    }

    public string SessionId { get; }

    public string Era { get; }

    public string Epoch { get; }

    public string DaemonVersion => "0.1.0";

    public int? CloseCode { get; private set; }

    public bool IsOpen { get; private set; } = true;

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!IsOpen)
        {
            throw new IOException("The connection is gone.");
        }

        _toDaemon.Writer.TryWrite(message.ToArray());
        return ValueTask.CompletedTask;
    }

    public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken) =>
        await _arrived.Reader.WaitToReadAsync(cancellationToken) && _arrived.Reader.TryRead(out var message) ? message : null;

    public Task<bool> HasBlobAsync(string sha256, CancellationToken cancellationToken) => throw new NotSupportedException("No call of a story names a file.");

    public Task SendBlobAsync(string sha256, Stream content, CancellationToken cancellationToken) => throw new NotSupportedException("No call of a story names a file.");

    public ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        Break();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        Break();
        return ValueTask.CompletedTask;
    }

    /// <summary>To the shim. A message after the end is dropped: the call that it answers is in the journal.</summary>
    public void Tell(string json) => _toShim.Writer.TryWrite(Encoding.UTF8.GetBytes(json));

    /// <summary>Ends it; what the daemon sent before still arrives.</summary>
    public void Close(int code)
    {
        CloseCode = code;
        End();
    }

    /// <summary>Ends it and loses what is under way.</summary>
    public void Break()
    {
        _silent = true;
        End();
        _arrived.Writer.TryComplete();
    }

    /// <summary>Delivers nothing from here on, and nobody is told.</summary>
    public void FallSilent() => _silent = true;

    /// <summary>Its daemon ends, and with it the waiting for calls.</summary>
    public void StopAnswering()
    {
        foreach (var request in _requests.Values)
        {
            request.Cancel();
        }
    }

    internal void Send(JsonRpcMessage message) => Tell(JsonSerializer.Serialize(message, McpJsonUtilities.DefaultOptions));

    private void End()
    {
        IsOpen = false;
        _toDaemon.Writer.TryComplete();
        _toShim.Writer.TryComplete();
        _lost.Cancel();
        _place.Dispose();
    }

    private async Task CarryAsync(ChannelReader<byte[]> messages, Action<byte[]> arrive)
    {
        while (await messages.WaitToReadAsync())
        {
            while (messages.TryRead(out var message))
            {
                await _world.UnderWayAsync();
                if (!_silent)
                {
                    _world.Trace?.Invoke($"{Epoch} {SessionId[..4]} {(messages == _toShim.Reader ? "<-" : "->")} {Encoding.UTF8.GetString(message)}");
                    arrive(message);
                }
            }
        }

        if (messages == _toShim.Reader)
        {
            _arrived.Writer.TryComplete();
        }
    }

    private async Task GiveWayAsync()
    {
        if (await _place.GaveWay && IsOpen)
        {
            Close(LinkContract.GiveWayCloseCode);
        }
    }

    private void OnMessage(byte[] bytes)
    {
        if (!_daemon.Lives)
        {
            return;
        }

        var json = (JsonObject)JsonNode.Parse(bytes)!;
        switch ((string?)json["method"])
        {
            case "initialize":
                Result(json, """{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"exai","version":"0.1.0"}}""");
                break;
            case "ping":
                Result(json, "{}");
                break;
            case ModernProtocol.Discover:
                Result(json, ModernResults.Discover().ToJsonString());
                break;
            case "tools/list":
                Result(json, """{"tools":[{"name":"chat","inputSchema":{"type":"object"}}]}""");
                break;
            case "tools/call":
                // Owned by the call handler: it ends with the call, the connection or the daemon.
                _ = CallAsync(json.Deserialize<JsonRpcRequest>(McpJsonUtilities.DefaultOptions)!);
                break;
            case LinkContract.DetachedNotification:
                AskerOf(json["params"]!["requestId"].Deserialize<RequestId>(McpJsonUtilities.DefaultOptions)).StopsWaiting((bool?)json["params"]!["again"] is true);
                break;
            case "notifications/cancelled" when _requests.TryGetValue(json["params"]!["requestId"].Deserialize<RequestId>(McpJsonUtilities.DefaultOptions), out var request):
                request.Cancel();
                break;
        }
    }

    private async Task CallAsync(JsonRpcRequest request)
    {
        using var cancelled = new CancellationTokenSource();
        _requests[request.Id] = cancelled;
        using var busy = _place.Call(() => cancelled.IsCancellationRequested || !IsOpen);
        try
        {
            var context = new ModelContextProtocol.Server.RequestContext<CallToolRequestParams>(
                _server, request, request.Params.Deserialize<CallToolRequestParams>(McpJsonUtilities.DefaultOptions)!);
            var result = await _daemon.Handler.CallAsync(SessionId, Core.Tokens.Caller.Owner, context, AskerOf(request.Id), _ => { }, cancelled.Token);
            if (_daemon.Lives && !cancelled.IsCancellationRequested)
            {
                Send(new JsonRpcResponse { Id = request.Id, Result = JsonSerializer.SerializeToNode(result, McpJsonUtilities.DefaultOptions) });
            }
        }
        catch (OperationCanceledException)
        {
            // No response to a request that was cancelled.
        }
        finally
        {
            _askers.Remove(request.Id);
            if (_requests.GetValueOrDefault(request.Id) == cancelled)
            {
                _requests.Remove(request.Id);
            }
        }
    }

    private Asker AskerOf(RequestId request)
    {
        if (!_askers.TryGetValue(request, out var asker))
        {
            _askers[request] = asker = new Asker(_lost.Token);
        }

        return asker;
    }

    private void Result(JsonObject request, string result) => Tell($$"""{"jsonrpc":"2.0","id":{{request["id"]!.ToJsonString()}},"result":{{result}}}""");
}
