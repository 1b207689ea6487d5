using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>What a dialect turns into JSON.</summary>
internal sealed record ChatRequest(string Model, IReadOnlyList<ChatMessage> Messages, ChatOptions Options, AttemptOptions Attempt)
{
    public static ChatRequest From(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        if (string.IsNullOrWhiteSpace(options?.ModelId))
            throw new ArgumentException("ChatOptions.ModelId must name the model: these clients have no default.", nameof(options));

        // Instructions are a system message in this protocol.
        if (!string.IsNullOrWhiteSpace(options.Instructions))
            messages = messages.Prepend(new ChatMessage(ChatRole.System, options.Instructions));
        return new ChatRequest(options.ModelId, [.. messages], options, AttemptOptions.From(options));
    }
}
