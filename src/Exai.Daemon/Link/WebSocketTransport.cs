using System.Buffers;
using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Exai.Protocol;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Exai.Daemon.Link;

/// <summary>
/// MCP over one accepted WebSocket: one JSON-RPC message per text frame. A message after the end is dropped, because the call that it
/// answers is in the journal; a frame that is no message is answered, because silence would hang its sender.
/// </summary>
internal sealed class WebSocketTransport : TransportBase
{
    private const int ParseError = -32700;
    private const int InvalidRequest = -32600;

    /// <summary>More than shims have open; what is said of further ones is not heard.</summary>
    private const int MostAskers = 10_000;

    /// <summary>Deeper than what is read as a message, so that its refusal can still name the request.</summary>
    private const int DeepestRefused = 1000;

    // Answers are text in all languages: escaped they would take twice the bytes. The output is for a pipe, never for HTML.
    private static readonly JsonTypeInfo<JsonRpcMessage> MessageInfo = (JsonTypeInfo<JsonRpcMessage>)new JsonSerializerOptions(McpJsonUtilities.DefaultOptions)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    }.GetTypeInfo(typeof(JsonRpcMessage));

    private readonly WebSocket _socket;
    private readonly int _largestMessage;
    private readonly ConcurrentDictionary<RequestId, bool> _owed = new();
    private readonly ConcurrentDictionary<RequestId, Asker> _askers = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly Task _reading;

    public WebSocketTransport(WebSocket socket, string sessionId, int largestMessage, ILoggerFactory loggers)
        : base("link", loggers)
    {
        _socket = socket;
        _largestMessage = largestMessage;
        SessionId = sessionId;
        SetConnected();
        _reading = ReadLoopAsync();
    }

    /// <summary>Whether a result that was promised has not been written to the socket yet.</summary>
    public bool OwesAnswers => IsConnected && !_owed.IsEmpty;

    /// <summary>Completes when nothing more comes from the socket.</summary>
    public Task Ended => _reading;

    /// <summary>The request has a result, which the MCP SDK is about to send.</summary>
    public void Owe(RequestId request) => _owed[request] = true;

    /// <summary>Who sent the request, until it is forgotten.</summary>
    public Asker AskerOf(RequestId request) => _askers.GetOrAdd(request, _ => new Asker(_lost.Token));

    /// <summary>The request gets no answer.</summary>
    public void Forget(RequestId request) => _askers.TryRemove(request, out _);

    public override async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        // A cancel may cross the answer, or be heard by the MCP SDK after what was sent later: once it was read here, nothing is said any more.
        var answered = message is JsonRpcResponse or JsonRpcError ? ((JsonRpcMessageWithId)message).Id : default(RequestId?);
        var unwanted = answered is { } request && _askers.TryRemove(request, out var asker) && asker.HasCancelled;
        if (!IsConnected || unwanted)
        {
            if (answered is { } dropped)
            {
                _owed.TryRemove(dropped, out _);
            }

            return;
        }

        var frame = JsonSerializer.SerializeToUtf8Bytes(message, MessageInfo);
        await _sending.WaitAsync(cancellationToken);
        try
        {
            // Not given up with its message: half a frame would end the link, and with it the answers of all other calls.
            await _socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, _end.Token);
        }
        catch (Exception failure) when (failure is WebSocketException or ObjectDisposedException or InvalidOperationException or IOException or OperationCanceledException)
        {
            // The other side went away in this moment: the same as a message after the end.
        }
        finally
        {
            _sending.Release();
            if (answered is { } sent)
            {
                _owed.TryRemove(sent, out _);
            }
        }
    }

    /// <summary>Tells the other side why the link ends; it answers by closing too.</summary>
    /// <param name="cancellationToken">Ends the patience with a side that takes nothing any more: the link is then cut.</param>
    public async Task CloseAsync(int code, string reason, CancellationToken cancellationToken)
    {
        try
        {
            await _sending.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _socket.Abort();
            return;
        }

        try
        {
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await _socket.CloseOutputAsync((WebSocketCloseStatus)code, reason, cancellationToken);
            }
        }
        catch (Exception failure) when (failure is WebSocketException or ObjectDisposedException or IOException or OperationCanceledException)
        {
            // It has gone already, or is cut now.
        }
        finally
        {
            _sending.Release();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        _end.Cancel();
        await _reading;
        SetDisconnected();
        _end.Dispose();
        _lost.Dispose();
    }

    private async Task ReadLoopAsync()
    {
        var frame = new ArrayBufferWriter<byte>(16 * 1024);
        try
        {
            while (await ReadFrameAsync(frame))
            {
                switch (TryParse(frame.WrittenSpan))
                {
                    case null:
                        await SendMessageAsync(Refusal(frame.WrittenMemory), _end.Token);
                        break;
                    case JsonRpcRequest request when ToolCallShape.Refuse(request) is { } refusal:
                        await SendMessageAsync(refusal, _end.Token);
                        break;
                    case JsonRpcNotification { Method: LinkContract.DetachedNotification } detached:
                        OnDetached(detached);
                        break;
                    case { } message:
                        if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification, Params: JsonObject cancel }
                            && Id(cancel["requestId"]) is { } cancelled && _askers.TryGetValue(cancelled, out var canceller))
                        {
                            canceller.Cancels();
                        }
                        else if (message is JsonRpcRequest { Method: "tools/call", Id: var id })
                        {
                            _ = AskerOf(id);
                        }

                        await WriteMessageAsync(message, _end.Token);
                        break;
                }
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or WebSocketException or IOException)
        {
            // The other side went away, or this one ends.
        }
        finally
        {
            SetDisconnected();
            _lost.Cancel();
        }
    }

    /// <summary>The request may be on its way still, behind its files; one that was answered meanwhile will not come.</summary>
    private void OnDetached(JsonRpcNotification detached)
    {
        if (detached.Params is JsonObject parameters && Id(parameters["requestId"]) is { } request && _askers.Count < MostAskers)
        {
            AskerOf(request).StopsWaiting(again: parameters["again"] is JsonValue again && again.TryGetValue<bool>(out var said) && said);
        }
    }

    private static RequestId? Id(JsonNode? id) => id is not JsonValue value ? null
        : value.TryGetValue<long>(out var number) ? new RequestId(number)
        : value.TryGetValue<string>(out var text) ? new RequestId(text)
        : null;

    private async Task<bool> ReadFrameAsync(ArrayBufferWriter<byte> frame)
    {
        frame.ResetWrittenCount();
        while (true)
        {
            var part = await _socket.ReceiveAsync(frame.GetMemory(16 * 1024), _end.Token);
            frame.Advance(part.Count);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                await CloseAsync((int)WebSocketCloseStatus.NormalClosure, "", _end.Token);
                return false;
            }

            if (part.MessageType == WebSocketMessageType.Binary)
            {
                await CloseAsync((int)WebSocketCloseStatus.InvalidMessageType, "text frames only", _end.Token);
                return false;
            }

            if (frame.WrittenCount > _largestMessage)
            {
                await CloseAsync((int)WebSocketCloseStatus.MessageTooBig, $"a message has more than {_largestMessage} bytes", _end.Token);
                await SkipAllAsync(frame);
                return false;
            }

            if (part.EndOfMessage)
            {
                return true;
            }
        }
    }

    /// <summary>Until the other side closes: cut in the middle of what it sends, it would not read why.</summary>
    private async Task SkipAllAsync(ArrayBufferWriter<byte> buffer)
    {
        while (_socket.State is WebSocketState.CloseSent && (await _socket.ReceiveAsync(buffer.GetMemory(16 * 1024), _end.Token)).MessageType != WebSocketMessageType.Close)
        {
            // Nobody needs it.
        }
    }

    private static JsonRpcMessage? TryParse(ReadOnlySpan<byte> frame)
    {
        try
        {
            return JsonSerializer.Deserialize(frame, MessageInfo);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Not JSON, or JSON that is no message (an array, a fractional id); with the id where one can be used.</summary>
    private static JsonRpcError Refusal(ReadOnlyMemory<byte> frame)
    {
        RequestId id = default;
        var code = ParseError;
        try
        {
            using var document = JsonDocument.Parse(frame, new JsonDocumentOptions { MaxDepth = DeepestRefused });
            code = InvalidRequest;
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("id", out var value))
            {
                id = value.ValueKind switch
                {
                    JsonValueKind.String => new RequestId(value.GetString()!),
                    JsonValueKind.Number when value.TryGetInt64(out var number) => new RequestId(number),
                    _ => default,
                };
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // No JSON at all, or an id that is no text.
        }

        return new JsonRpcError { Id = id, Error = new() { Code = code, Message = code == ParseError ? "Parse error" : "Invalid request" } };
    }
}
