using System.Globalization;
using Exai.Core.Models.Catalogue;

namespace Exai.Core.Models;

/// <summary>A model that may be chosen.</summary>
internal sealed record ModelCandidate(ModelProvider Provider, string Id, ModelInfo? Info);

/// <summary>
/// Chooses among the preferred models: the first that can do what the question needs, and if thinking is wanted, the first of those that thinks.
/// Whenever that is not simply the first one, it says so, with the prices: nobody is moved to a dearer model silently.
/// </summary>
internal static class AutoChoice
{
    /// <param name="providers">Those that may be chosen, in their order; each has a model that may.</param>
    public static (ModelCandidate Chosen, IReadOnlyList<string> Notes) Choose(
        ModelQuestion question, IReadOnlyList<ModelProvider> providers, Func<ModelProvider, string, ModelInfo?> describe)
    {
        var wantsThinking = WantsThinking(question);
        var needs = ModelNeeds.Whole(question);
        var candidates = providers
            .SelectMany(provider => Ids(question, provider, describe).Select(id => new ModelCandidate(provider, id, describe(provider, id))))
            .ToList();
        var fitting = candidates.Where(candidate => Missing(candidate, needs).Count == 0).ToList();
        var usual = candidates.Find(candidate =>
            candidate.Provider == providers[0] && providers[0].PreferredModels is [var first, ..] && candidate.Id.Equals(first, StringComparison.OrdinalIgnoreCase)) ?? candidates[0];
        if (fitting.Count == 0)
        {
            return (usual, [$"No configured model is known to {Words(Missing(usual, needs))}; {usual.Id} answered all the same.{Advice(needs)}"]);
        }

        var chosen = (wantsThinking ? fitting.Find(candidate => candidate.Info is { CanThink: true }) : null) ?? fitting[0];
        return (chosen, [.. Reasons(chosen, usual, needs, wantsThinking)]);
    }

    /// <summary>The models of a provider among which the choice is; none when the provider cannot be chosen.</summary>
    public static IEnumerable<string> Ids(ModelQuestion question, ModelProvider provider, Func<ModelProvider, string, ModelInfo?> describe)
    {
        if (!ModelRouter.Preferred(question, provider).Any())
        {
            return [];
        }

        var speed = question.Thinking == ThinkingMode.Minimal ? provider.SpeedModel : null;
        var thinking = WantsThinking(question) ? provider.ThinkingModel : null;
        return new[] { speed }.Concat(ModelRouter.Preferred(question, provider)).Append(thinking).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase)
            .Where(id => question.Allowed?.Allows(provider.Name, describe(provider, id)?.Id ?? id) ?? true);
    }

    private static bool WantsThinking(ModelQuestion question) => question.Thinking >= ThinkingMode.Medium;

    private static IEnumerable<string> Reasons(ModelCandidate chosen, ModelCandidate usual, ModelNeeds needs, bool wantsThinking)
    {
        if (wantsThinking && chosen.Info is { CanThink: false, Thinking: not null })
        {
            yield return $"Thinking was asked for, and no configured model that fits can think; {chosen.Id} answered without.";
        }

        if (chosen == usual)
        {
            yield break;
        }

        var why = Missing(usual, needs) is { Count: > 0 } missing ? $"cannot {Words(missing)}"
            : wantsThinking ? "does not think, as was asked"
            : $"is not {chosen.Provider.Name}'s model for speed";
        yield return $"{chosen.Id} ({Price(chosen)}) answered instead of {usual.Id} ({Price(usual)}), which {why}.";
    }

    private static IReadOnlyList<string> Missing(ModelCandidate candidate, ModelNeeds needs) => needs.Missing(candidate.Info, candidate.Provider.MaxOutputTokens);

    private static string Advice(ModelNeeds needs) =>
        needs.Vision ? " Name a model that sees (listmodels)." : needs.Web ? " Name a model that searches (listmodels)." : "";

    private static string Price(ModelCandidate candidate) => candidate.Info is { PriceIn: { } input, PriceOut: { } output }
        ? string.Create(CultureInfo.InvariantCulture, $"${input:0.##} in, ${output:0.##} out per million tokens")
        : "price unknown";

    private static string Words(IReadOnlyList<string> parts) => string.Join(" and ", parts);
}
