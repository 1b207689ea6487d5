using System.Text;
using Exai.Core.Models;
using Exai.Core.Tokens;
using Exai.Protocol;

namespace Exai.Core.Tools.Server;

/// <summary>
/// The models that can be asked, provider by provider. Asks the providers for their live lists, if those are old, and looks for local servers;
/// what does not answer is told and does not fail the list.
/// </summary>
/// <param name="tokens">Whoever asks with a named token is shown what that may ask; null shows all.</param>
internal sealed class ListModelsTool(ModelDirectory directory, ITokenBook? tokens = null) : IRecomputedTool
{
    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("listmodels")!;

    public async Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var allowed = arguments.Token is { } token && tokens is not null ? (await tokens.LimitsAsync(token, cancellationToken)).Models : null;
        await directory.LookAroundAsync(cancellationToken);
        var providers = directory.Providers;
        var text = new StringBuilder();
        text.AppendLine(providers.Count == 0
            ? NoProvider.Advice
            : "Ask for an id, an alias, or provider/id. Behind an id: window in tokens; abilities; USD per million tokens, in/out.");
        if (allowed is not null)
        {
            text.AppendLine($"Your token may ask: {string.Join(", ", allowed.Entries)}.");
        }

        foreach (var provider in providers.Where(provider => allowed is null || ModelListing.Offered(provider, directory, allowed).Any()))
        {
            text.AppendLine();
            ModelListing.Write(text, provider, directory, allowed);
        }

        foreach (var advice in directory.Unusable.Where(unusable => unusable.Key is not ("glm" or "kimi")).Select(unusable => unusable.Value))
        {
            text.AppendLine().AppendLine(advice);
        }

        return text.ToString().TrimEnd();
    }
}
