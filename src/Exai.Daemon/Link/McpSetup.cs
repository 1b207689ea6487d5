using System.Runtime.CompilerServices;
using Exai.Core.Tools;
using Exai.Protocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Daemon.Link;

/// <summary>What an MCP server session offers, the same on every transport and in both protocol eras.</summary>
internal static class McpSetup
{
    /// <summary>Made once for a daemon: every shim asks for the list on every connection.</summary>
    private static readonly ConditionalWeakTable<ToolDispatcher, Lists> Made = [];

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
                ListToolsHandler = (request, _) => ValueTask.FromResult(ListsOf(tools, request.JsonRpcRequest).Tools),
                ListPromptsHandler = (request, _) => ValueTask.FromResult(ListsOf(tools, request.JsonRpcRequest).Prompts),
                GetPromptHandler = (request, _) => ValueTask.FromResult(McpShapes.Prompt(tools.Tools, request.Params)),
                CallToolHandler = (request, cancellationToken) => call(request, cancellationToken),
            },
        };
    }

    private static (ListToolsResult Tools, ListPromptsResult Prompts) ListsOf(ToolDispatcher tools, JsonRpcRequest request)
    {
        var lists = Made.GetValue(tools, made => new Lists(made));
        return ModernProtocol.IsModern(request.Context?.ProtocolVersion) ? lists.Modern : lists.Legacy;
    }

    private sealed class Lists(ToolDispatcher tools)
    {
        public (ListToolsResult Tools, ListPromptsResult Prompts) Legacy { get; } = (McpShapes.ToolList(tools.Tools), McpShapes.PromptList(tools.Tools));

        public (ListToolsResult Tools, ListPromptsResult Prompts) Modern { get; } = (Cacheable(McpShapes.ToolList(tools.Tools)), Cacheable(McpShapes.PromptList(tools.Tools)));

        /// <summary>The lists change with the daemon's settings alone, but only who has the token may see them.</summary>
        private static T Cacheable<T>(T list)
            where T : ICacheableResult
        {
            list.TimeToLive = ModernProtocol.ListLifetime;
            list.CacheScope = CacheScope.Private;
            return list;
        }
    }
}
