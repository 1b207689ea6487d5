using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Services;

/// <summary>Counts a prompt's tokens at the provider, without asking a model. From <c>IChatClient.GetService</c>.</summary>
public interface ITokenCounter
{
    /// <exception cref="ProviderException">It could not be asked.</exception>
    Task<TokenCount> CountAsync(string model, IReadOnlyList<ChatMessage> messages, CancellationToken cancellationToken = default);
}

/// <param name="CountedAs">The model whose tokenizer counted; another than asked for where the provider knows only some.</param>
public sealed record TokenCount(long Tokens, string CountedAs);
