using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.OpenAiCompatible;
using Exai.Core.Providers.Services;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Glm;

/// <summary><c>POST /tokenizer</c>, which knows the models up to 4.6; newer ones are counted as their nearest elder.</summary>
internal sealed class GlmTokenCounter(ProviderApi api, Dialect dialect, ModelCatalogue catalogue) : ITokenCounter
{
    private static readonly string[] Counted = ["glm-4.6", "glm-4.6v", "glm-4.5"];

    public async Task<TokenCount> CountAsync(string model, IReadOnlyList<ChatMessage> messages, CancellationToken cancellationToken = default)
    {
        var counted = CountedAs(model);
        var request = new ApiRequest(HttpMethod.Post, api.Url("tokenizer"), "the count of tokens")
        {
            Content = new RequestBody(dialect.WriteTokenCount(counted, messages), signals: null),
        };
        var usage = (await api.JsonAsync(request, cancellationToken)).Object("usage");
        return (usage.Number("total_tokens") ?? usage.Number("prompt_tokens")) is { } tokens
            ? new TokenCount(tokens, counted)
            : throw api.Failures(request).Unreadable("without a usage", cause: null);
    }

    private string CountedAs(string model)
    {
        var info = catalogue.FindFamily(model);
        if (info is not null && Counted.Contains(info.Id, StringComparer.Ordinal))
            return info.Id;
        return info is { Vision: true } ? "glm-4.6v" : "glm-4.6";
    }
}
