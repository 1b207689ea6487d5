using Exai.Core.Providers.OpenAiCompatible;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Services;

/// <summary>Writes the request that a dialect would send, and sends nothing.</summary>
internal sealed class RequestPreview(Dialect dialect)
{
    /// <summary>The request's JSON in UTF-8.</summary>
    public byte[] Write(IEnumerable<ChatMessage> messages, ChatOptions options) => dialect.WriteRequest(ChatRequest.From(messages, options));
}
