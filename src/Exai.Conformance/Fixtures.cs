using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Conformance;

/// <summary>
/// What the official conformance suite expects to find at a server that it examines: tools, prompts, resources and completions that no
/// model is asked for. They are added to a session beside what it offers anyway, and answered by the same endpoint and session.
/// </summary>
public sealed class Fixtures
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly McpServerPrimitiveCollection<McpServerTool> _tools = [];
    private readonly McpServerPrimitiveCollection<McpServerPrompt> _prompts = [];
    private readonly McpServerResourceCollection _resources = [];

    public Fixtures()
    {
        ListChanges changes = new(_tools, _prompts);
        foreach (var tool in (IEnumerable<McpServerTool>)[.. ContentTools.All, .. RunningTools.All, .. AskingTools.All, .. InputTools.All, .. changes.Triggers])
        {
            _tools.Add(tool);
        }

        foreach (var prompt in TestPrompts.All)
        {
            _prompts.Add(prompt);
        }

        foreach (var resource in TestResources.All)
        {
            _resources.Add(resource);
        }
    }

    /// <summary>Adds them to what a session offers. Thread-safe.</summary>
    public void AddTo(McpServerOptions session)
    {
        (session.ToolCollection, session.PromptCollection, session.ResourceCollection) = (_tools, _prompts, _resources);
        session.Capabilities ??= new ServerCapabilities();
        session.Capabilities.Logging = new LoggingCapability();
        session.Capabilities.Completions = new CompletionsCapability();
        session.Capabilities.Resources = new ResourcesCapability { Subscribe = true };

        var handlers = session.Handlers;
        handlers.CompleteHandler = (request, _) => ValueTask.FromResult(TestPrompts.Complete(request.Params));
        handlers.SetLoggingLevelHandler = (_, _) => ValueTask.FromResult(new EmptyResult());
        handlers.SubscribeToResourcesHandler = (_, _) => ValueTask.FromResult(new EmptyResult());
        handlers.UnsubscribeFromResourcesHandler = (_, _) => ValueTask.FromResult(new EmptyResult());
        handlers.ReadResourceHandler = (request, _) => throw TestResources.NotFound(request);
        // The lists' entries come from the collections; these say how long they hold.
        handlers.ListResourcesHandler = (_, _) => ValueTask.FromResult(new ListResourcesResult { TimeToLive = Lifetime, CacheScope = CacheScope.Private });
        handlers.ListResourceTemplatesHandler = (_, _) => ValueTask.FromResult(new ListResourceTemplatesResult { TimeToLive = Lifetime, CacheScope = CacheScope.Private });
    }
}
