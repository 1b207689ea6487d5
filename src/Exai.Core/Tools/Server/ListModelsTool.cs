using System.Globalization;
using System.Text;
using Exai.Core.Models;
using Exai.Protocol;

namespace Exai.Core.Tools.Server;

/// <summary>The models that can be asked, provider by provider.</summary>
internal sealed class ListModelsTool(ModelRouter router) : IRecomputedTool
{
    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("listmodels")!;

    public Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (var provider in router.Offered().GroupBy(model => model.Provider.Name, StringComparer.Ordinal))
        {
            text.AppendLine($"{provider.Key}:");
            foreach (var (_, id, info) in provider)
            {
                text.Append($"- {id}");
                if (info is not null)
                {
                    text.Append(info.Window is { } window ? $", window {window:N0}" : "");
                    text.Append(info.PriceIn is { } input && info.PriceOut is { } output
                        ? string.Create(CultureInfo.InvariantCulture, $", ${input:0.##} in / ${output:0.##} out per million tokens")
                        : "");
                    text.Append(info.Aliases.Count > 0 ? $", also {string.Join(", ", info.Aliases)}" : "");
                    text.Append(info.Dated ? ", retired or about to be" : "");
                }

                text.AppendLine();
            }
        }

        return Task.FromResult(text.Length > 0
            ? text.ToString().TrimEnd()
            : NoProvider.Advice);
    }
}
