using System.Text;
using Exai.Core.Admission;
using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Protocol;

namespace Exai.Core.Tools.Server;

/// <summary>Whether things work, in a few lines. Asks no provider.</summary>
internal sealed class StatusTool(
    ModelDirectory directory, Func<CallService> calls, Func<AdmissionSnapshot> admission, DateTimeOffset startedAt, TimeProvider time) : IRecomputedTool
{
    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("status")!;

    public Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        text.AppendLine($"EXAI {Product.Version} has been running for {time.GetUtcNow() - startedAt:d\\.hh\\:mm\\:ss}; {calls().Running} calls are running.");
        foreach (var provider in directory.Providers)
        {
            var known = provider.IsDetected ? "was found on this machine" : "is configured";
            text.AppendLine($"Provider {provider.Name} {known}; {(provider.PreferredModels is [var first, ..] ? $"its default model is {first}" : "name one of its models")}.");
        }

        if (directory.Providers.Count == 0)
        {
            text.AppendLine(NoProvider.Advice);
        }

        text.Append(AdmissionText.Of(admission(), time.GetUtcNow()));
        return Task.FromResult(text.ToString().TrimEnd());
    }
}
