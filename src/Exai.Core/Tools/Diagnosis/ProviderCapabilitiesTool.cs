using System.Text;
using Exai.Core.Models;
using Exai.Core.Providers;
using Exai.Core.Providers.Services;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tools.Diagnosis;

/// <summary>What each provider can do here, by what is configured and known. Asks nobody, and shows no key.</summary>
internal sealed class ProviderCapabilitiesTool(ModelDirectory directory, Func<IEnumerable<ToolDescriptor>> tools) : IRecomputedTool
{
    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("provider_capabilities")!;

    public Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (var provider in directory.Providers)
        {
            var models = provider.PreferredModels.Select(id => directory.Describe(provider, id)).OfType<Models.Catalogue.ModelInfo>().ToList();
            string?[] abilities =
            [
                "chat",
                models.Any(model => model.WebSearch) ? "web search" : null,
                models.Any(model => model.CanThink) ? "thinking" : null,
                models.Any(model => model.Vision == true) ? "images" : null,
                provider.Client.GetService<IProviderFiles>() is { } files ? $"files ({string.Join(", ", files.Purposes)})" : null,
                provider.Client.GetService<IModelLister>() is not null ? "live model list" : null,
            ];
            text.AppendLine($"{provider.Name} ({provider.Dialect} dialect{(provider.Origin.Length > 0 ? $", {provider.Origin}" : "")}): {string.Join(", ", abilities.OfType<string>())}");
            if (arguments.OptionalBool("show_advanced") == true)
            {
                text.AppendLine($"  at most {provider.MaxInflight} requests at once, {provider.MaxOutputTokens} tokens of answer; first token within {provider.Clocks.FirstTokenPlain.TotalSeconds:0} s");
            }
        }

        if (directory.Providers.Count == 0)
        {
            text.AppendLine(NoProvider.Advice);
        }

        foreach (var (_, advice) in directory.Unusable)
        {
            text.AppendLine(advice);
        }

        if (arguments.OptionalBool("include_tools") != false)
        {
            text.AppendLine($"Tools: {string.Join(", ", tools().Select(tool => tool.Name))}");
        }

        return Task.FromResult(text.ToString().TrimEnd());
    }
}
