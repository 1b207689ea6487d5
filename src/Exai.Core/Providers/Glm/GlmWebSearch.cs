using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Core.Providers.OpenAiCompatible;
using Exai.Core.Providers.Services;

namespace Exai.Core.Providers.Glm;

/// <summary>One search; what is null is left to the settings, or to the service.</summary>
internal sealed record GlmSearch(string Query)
{
    public int? Count { get; init; }

    public string? Engine { get; init; }

    public string? Recency { get; init; }

    public string? Domain { get; init; }

    public string? RequestId { get; init; }

    public string? UserId { get; init; }
}

/// <summary>GLM's search service beside chat: <c>POST web_search</c>.</summary>
internal sealed class GlmWebSearch(ProviderApi api, GlmWebSearchOptions options)
{
    /// <summary>The service's own JSON.</summary>
    /// <exception cref="ProviderException">The search failed.</exception>
    public Task<JsonElement> SearchAsync(GlmSearch search, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["search_query"] = search.Query,
            ["search_engine"] = search.Engine ?? options.Engine,
            ["search_intent"] = false,
            ["count"] = search.Count ?? options.Count,
        };
        Add(body, "search_domain_filter", search.Domain ?? options.DomainFilter);
        Add(body, "search_recency_filter", (options with { Recency = search.Recency ?? options.Recency }).RecencyFilter);
        Add(body, "request_id", search.RequestId);
        Add(body, "user_id", search.UserId);
        var content = new RequestBody(JsonSerializer.SerializeToUtf8Bytes(body, Protocol.ToolResults.Json), signals: null);
        return api.JsonAsync(new ApiRequest(HttpMethod.Post, api.Url("web_search"), "the web search") { Content = content }, cancellationToken);
    }

    private static void Add(JsonObject body, string name, string? value)
    {
        if (value is not null)
        {
            body[name] = value;
        }
    }
}
