using Exai.Core.Providers.OpenAiCompatible;
using Exai.Core.Providers.Services;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Kimi;

/// <summary><c>POST /tokenizers/estimate-token-count</c>.</summary>
internal sealed class KimiTokenCounter(ProviderApi api, Dialect dialect) : ITokenCounter
{
    public async Task<TokenCount> CountAsync(string model, IReadOnlyList<ChatMessage> messages, CancellationToken cancellationToken = default)
    {
        var request = new ApiRequest(HttpMethod.Post, api.Url("tokenizers/estimate-token-count"), "the count of tokens")
        {
            Content = new RequestBody(dialect.WriteTokenCount(model, messages), signals: null),
        };
        var answer = await api.JsonAsync(request, cancellationToken);
        return answer.Object("data").Number("total_tokens") is { } tokens
            ? new TokenCount(tokens, model)
            : throw api.Failures(request).Unreadable("without total_tokens", cause: null);
    }
}
