using System.Text;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Protocol;

namespace Exai.Core.Tools.Server;

/// <summary>Whether things work, in a few lines. Asks no provider.</summary>
internal sealed class StatusTool(IReadOnlyList<ModelProvider> providers, Func<CallService> calls, DateTimeOffset startedAt, TimeProvider time) : IRecomputedTool
{
    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("status")!;

    public Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        text.AppendLine($"EXAI {Product.Version} has been running for {time.GetUtcNow() - startedAt:d\\.hh\\:mm\\:ss}; {calls().Running} calls are running.");
        foreach (var provider in providers)
        {
            text.AppendLine($"Provider {provider.Name} is configured; its default model is {provider.PreferredModels[0]}.");
        }

        if (providers.Count == 0)
        {
            text.AppendLine(NoProvider.Advice);
        }

        return Task.FromResult(text.ToString().TrimEnd());
    }
}
