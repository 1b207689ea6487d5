using Exai.Core.Tools;
using Exai.Protocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Daemon.Link;

/// <summary>What an MCP server session offers, the same on every transport and in both protocol eras.</summary>
internal static class McpSetup
{
    /// <param name="call">Answers <c>tools/call</c>.</param>
    public static McpServerOptions Options(
        ToolDispatcher tools, Func<RequestContext<CallToolRequestParams>, CancellationToken, ValueTask<CallToolResult>> call)
    {
        return new McpServerOptions
        {
            ServerInfo = new Implementation { Name = Product.Name, Title = Product.Title, Version = Product.Version },
            ServerInstructions = ServerManifest.Instructions,
            Capabilities = new ServerCapabilities { Tools = new ToolsCapability { ListChanged = true }, Prompts = new PromptsCapability() },
            ScopeRequests = false,
            Handlers = new McpServerHandlers
            {
                ListToolsHandler = (request, _) => ValueTask.FromResult(Cacheable(request.JsonRpcRequest, McpShapes.ToolList(tools.Tools))),
                ListPromptsHandler = (request, _) => ValueTask.FromResult(Cacheable(request.JsonRpcRequest, McpShapes.PromptList(tools.Tools))),
                GetPromptHandler = (request, _) => ValueTask.FromResult(McpShapes.Prompt(tools.Tools, request.Params)),
                CallToolHandler = (request, cancellationToken) => call(request, cancellationToken),
            },
        };
    }

    /// <summary>The lists change with the daemon's settings alone, but only who has the token may see them.</summary>
    private static T Cacheable<T>(JsonRpcRequest request, T list)
        where T : ICacheableResult
    {
        if (ModernProtocol.IsModern(request.Context?.ProtocolVersion))
        {
            list.TimeToLive = ModernProtocol.ListLifetime;
            list.CacheScope = CacheScope.Private;
        }

        return list;
    }
}
