using Exai.Core.Models;
using Exai.Core.Providers.Glm;
using Exai.Protocol;

namespace Exai.Core.Tools.Providers;

/// <summary>GLM's search service, without a model: its answer as it came.</summary>
internal sealed class GlmWebSearchTool(ModelDirectory directory) : ITool
{
    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("glm_web_search")!;

    public bool AsksModels => false;

    public async Task<ToolAnswer> RunAsync(CallContext context, CancellationToken cancellationToken)
    {
        var arguments = context.Arguments;
        var search = ProviderServices.Of<GlmWebSearch>(directory, "glm");
        var found = await search.SearchAsync(
            new GlmSearch(arguments.RequiredText("search_query", int.MaxValue))
            {
                Count = arguments.OptionalInteger("count"),
                Engine = arguments.Text("search_engine"),
                Recency = arguments.Choice(Descriptor.Find("search_recency_filter")!),
                Domain = arguments.Text("search_domain_filter"),
                RequestId = arguments.Text("request_id"),
                UserId = arguments.Text("user_id"),
            },
            cancellationToken);
        return new ToolAnswer(found.GetRawText(), Turn: null);
    }
}
