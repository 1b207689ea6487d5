using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Core.Admission;
using Exai.Core.Tokens;
using Exai.Core.Tools;
using Exai.Protocol;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Daemon.Link;

/// <summary>One shim on one socket: an MCP server session whose tool calls live apart from it.</summary>
internal sealed class LinkSession : IAsyncDisposable
{
    private readonly WebSocketTransport _transport;
    private readonly McpServer _server;

    public LinkSession(string sessionId, Caller caller, WebSocketTransport transport, SessionLink place, ToolDispatcher tools, ToolCallHandler calls, ILoggerFactory loggers)
    {
        SessionId = sessionId;
        _transport = transport;
        _server = McpServer.Create(
            transport,
            McpSetup.Options(tools, caller.Token is not null, async (request, cancellationToken) =>
            {
                using var busy = place.Call(() => cancellationToken.IsCancellationRequested || !transport.IsConnected);
                var id = request.JsonRpcRequest.Id;
                try
                {
                    return await calls.CallAsync(sessionId, caller, request, transport.AskerOf(id), transport.Owe, cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    transport.Forget(id);
                    throw;
                }
                finally
                {
                    if (!transport.IsConnected)
                    {
                        // Before the call: a session with a link and without a call would be taken for an idle one.
                        place.Dispose();
                    }
                }
            }),
            loggers);
    }

    public string SessionId { get; }

    /// <summary>Who the client says it is; null before it has.</summary>
    public Implementation? Client => _server.ClientInfo;

    /// <summary>Whether a call has a result that has not been written to the socket yet.</summary>
    public bool OwesAnswers => _transport.OwesAnswers;

    /// <summary>Completes when nothing more comes from the socket.</summary>
    public Task Ended => _transport.Ended;

    /// <summary>Serves until the socket has ended and the answers of its calls are sent or dropped.</summary>
    /// <param name="forcedStop">Ends also the waiting for running calls.</param>
    public async Task RunAsync(CancellationToken forcedStop)
    {
        try
        {
            await _server.RunAsync(forcedStop);
        }
        catch (OperationCanceledException) when (forcedStop.IsCancellationRequested)
        {
            // The daemon stops.
        }
    }

    public Task TellDrainingAsync(string epoch, CancellationToken cancellationToken) => _transport.SendMessageAsync(
        new JsonRpcNotification
        {
            Method = LinkContract.DrainingNotification,
            Params = new JsonObject { ["epoch"] = epoch, ["reconnectAfterMs"] = 0 },
        },
        cancellationToken);

    public Task CloseAsync(int code, string reason, CancellationToken cancellationToken) => _transport.CloseAsync(code, reason, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _transport.DisposeAsync();
    }
}

/// <summary>The contract's JSON as the MCP SDK's types.</summary>
internal static class McpShapes
{
    public static ListToolsResult ToolList(IEnumerable<ToolDescriptor> tools) => Read<ListToolsResult>(ToolCatalogue.ListResult(tools));

    public static ListPromptsResult PromptList(IEnumerable<ToolDescriptor> tools) => Read<ListPromptsResult>(PromptCatalogue.ListResult(tools));

    /// <exception cref="McpProtocolException">There is no such prompt.</exception>
    public static GetPromptResult Prompt(IEnumerable<ToolDescriptor> tools, GetPromptRequestParams parameters) =>
        PromptCatalogue.GetResult(tools, parameters.Name, Request(parameters)) is { } prompt
            ? Read<GetPromptResult>(prompt)
            : throw new McpProtocolException($"There is no prompt '{parameters.Name}'; prompts/list names them.", McpErrorCode.InvalidParams);

    public static CallToolResult ToolResult(JsonObject result) => Read<CallToolResult>(result);

    private static string? Request(GetPromptRequestParams parameters) =>
        parameters.Arguments?.TryGetValue(PromptCatalogue.Argument, out var request) == true && request.ValueKind == JsonValueKind.String ? request.GetString() : null;

    private static T Read<T>(JsonObject json) => json.Deserialize<T>(McpJsonUtilities.DefaultOptions)!;
}
