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
    private static readonly ConditionalWeakTable<ToolDispatcher, AllLists> Made = [];

    /// <param name="ofUser">Whether the session is a named token's, which is offered less.</param>
    /// <param name="call">Answers <c>tools/call</c>.</param>
    public static McpServerOptions Options(
        ToolDispatcher tools, bool ofUser, Func<RequestContext<CallToolRequestParams>, CancellationToken, ValueTask<CallToolResult>> call)
    {
        return new McpServerOptions
        {
            ServerInfo = new Implementation { Name = Product.Name, Title = Product.Title, Version = Product.Version },
            ServerInstructions = ServerManifest.Instructions,
            Capabilities = new ServerCapabilities { Tools = new ToolsCapability { ListChanged = true }, Prompts = new PromptsCapability() },
            ScopeRequests = false,
            Handlers = new McpServerHandlers
            {
                ListToolsHandler = (request, _) => ValueTask.FromResult(ListsOf(tools, ofUser, request.JsonRpcRequest).Tools),
                ListPromptsHandler = (request, _) => ValueTask.FromResult(ListsOf(tools, ofUser, request.JsonRpcRequest).Prompts),
                GetPromptHandler = (request, _) => ValueTask.FromResult(McpShapes.Prompt(ofUser ? tools.ToolsOfUsers : tools.Tools, request.Params)),
                CallToolHandler = (request, cancellationToken) => call(request, cancellationToken),
            },
        };
    }

    private static (ListToolsResult Tools, ListPromptsResult Prompts) ListsOf(ToolDispatcher tools, bool ofUser, JsonRpcRequest request)
    {
        var all = Made.GetValue(tools, made => new AllLists(made));
        var lists = ofUser ? all.OfUsers : all.OfOwner;
        return ModernProtocol.IsModern(request.Context?.ProtocolVersion) ? lists.Modern : lists.Legacy;
    }

    private sealed class AllLists(ToolDispatcher tools)
    {
        public Lists OfOwner { get; } = new([.. tools.Tools]);

        public Lists OfUsers { get; } = new([.. tools.ToolsOfUsers]);
    }

    private sealed class Lists(IReadOnlyList<ToolDescriptor> tools)
    {
        public (ListToolsResult Tools, ListPromptsResult Prompts) Legacy { get; } = (McpShapes.ToolList(tools), McpShapes.PromptList(tools));

        public (ListToolsResult Tools, ListPromptsResult Prompts) Modern { get; } = (Cacheable(McpShapes.ToolList(tools)), Cacheable(McpShapes.PromptList(tools)));

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
