using Exai.Core.Models.Catalogue;
using Exai.Protocol;

namespace Exai.Core.Models;

/// <summary>Where a question goes.</summary>
/// <param name="AskedModel">What the caller named; <c>auto</c> when it named none.</param>
/// <param name="ModelId">What the provider is asked for.</param>
/// <param name="Info">What the catalogue knows of it; null for an id that it lacks.</param>
/// <param name="Notes">What the caller should know about the choice.</param>
internal sealed record ModelRoute(string AskedModel, ModelProvider Provider, string ModelId, ModelInfo? Info, IReadOnlyList<string> Notes);

/// <summary>Finds the model for a question: the one that was named, or the first preferred one that can do what is needed.</summary>
internal sealed class ModelRouter(IReadOnlyList<ModelProvider> providers, ModelCatalogue catalogue, string defaultModel)
{
    public const string Auto = "auto";

    /// <exception cref="CallException">NO_PROVIDER or MODEL_NOT_FOUND.</exception>
    public ModelRoute Resolve(ModelQuestion question)
    {
        if (providers.Count == 0)
        {
            throw new CallException(ErrorCodes.NoProvider, NoProvider.Advice);
        }

        var asked = string.IsNullOrWhiteSpace(question.Model) ? Auto : question.Model.Trim();
        return IsAuto(asked) ? Choose(question) : Named(asked, asked);
    }

    /// <summary>
    /// Who may answer after a model failed, in the order to try: the models that the settings name for it, else of each other provider the
    /// first preferred one that fits. All have a key, differ from the failed one, and can do what the question needs.
    /// </summary>
    /// <param name="failed">The route that was tried.</param>
    /// <param name="question">What was asked.</param>
    /// <param name="fallbackModels">EXAI_FALLBACK_MODELS; a name that leads nowhere is passed over. Empty leaves it to the router.</param>
    /// <param name="minWindow">When the failed one's window was too small: a window of at least this many tokens, and known.</param>
    /// <remarks>Servers that were merely found on this machine are left out: nobody has said that they may read the question.</remarks>
    public IReadOnlyList<ModelRoute> Fallbacks(ModelRoute failed, ModelQuestion question, IReadOnlyList<string> fallbackModels, long? minWindow = null)
    {
        var needs = ModelNeeds.Least(question);
        bool Fits(ModelRoute route) =>
            !route.Provider.IsDetected
            && (route.Provider.Name != failed.Provider.Name || !route.ModelId.Equals(failed.ModelId, StringComparison.OrdinalIgnoreCase))
            && needs.Missing(route.Info, route.Provider.MaxOutputTokens).Count == 0
            && (minWindow is null || route.Info?.Window >= minWindow);

        var candidates = fallbackModels.Count > 0
            ? fallbackModels.Select(name => Find(failed.AskedModel, name)).OfType<ModelRoute>().Where(Fits)
            : providers.Where(provider => provider.Name != failed.Provider.Name)
                .Select(provider => provider.PreferredModels.Select(id => Route(failed.AskedModel, provider, id)).FirstOrDefault(Fits))
                .OfType<ModelRoute>();
        return [.. candidates.DistinctBy(route => (route.Provider.Name, route.ModelId))];
    }

    /// <summary>Every model that can be asked for, as (provider, id, catalogue entry).</summary>
    public IEnumerable<(ModelProvider Provider, string Id, ModelInfo? Info)> Offered() =>
        providers.SelectMany(provider => provider.PreferredModels
            .Concat(catalogue.Models.Where(model => model.Provider == provider.Name).Select(model => model.Id))
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Select(id => (provider, id, catalogue.Find(id))));

    private static bool IsAuto(string name) => name.Equals(Auto, StringComparison.OrdinalIgnoreCase);

    private ModelRoute Choose(ModelQuestion question)
    {
        var preferred = question.ContinueWith ?? (IsAuto(defaultModel) ? null : defaultModel);
        if (preferred is not null)
        {
            return Named(Auto, preferred);
        }

        var candidates = providers.SelectMany(provider => provider.PreferredModels.Select(id => (Provider: provider, Id: id, Info: catalogue.Find(id)))).ToList();
        var (chosen, fits) = candidates
            .Select(candidate => (candidate, Fits: !question.WebSearch || candidate.Info is { WebSearch: true }))
            .OrderByDescending(candidate => candidate.Fits)
            .First();
        return new ModelRoute(
            Auto, chosen.Provider, chosen.Info?.Id ?? chosen.Id, chosen.Info,
            fits ? [] : [$"No configured model can search the web; {chosen.Id} answered without it."]);
    }

    private ModelRoute Named(string asked, string name)
    {
        if (Find(asked, name) is { } route)
        {
            return route;
        }

        if (catalogue.Find(name) is { } known)
        {
            throw new CallException(
                ErrorCodes.NoProvider,
                $"{known.Id} is a model of {known.Provider}, which has no key. Set {known.Provider.ToUpperInvariant()}_API_KEY in the .env file of EXAI_HOME, " +
                $"or ask one of: {string.Join(", ", Offered().Take(6).Select(model => model.Id))}.");
        }

        var near = NearNames.Of(name, Offered().SelectMany(model => (model.Info?.Aliases ?? []).Prepend(model.Id)));
        throw new CallException(
            ErrorCodes.ModelNotFound,
            $"There is no model '{name}'. {(near.Count > 0 ? $"Near names: {string.Join(", ", near)}. " : "")}" +
            $"The tool listmodels shows all; an id that EXAI does not know can be asked as provider/id, such as {providers[0].Name}/{name}.");
    }

    /// <summary>Where a name leads; null when it leads nowhere, or to a provider without a key.</summary>
    private ModelRoute? Find(string asked, string name)
    {
        if (name.Split('/', 2) is [var providerName, var id] && Provider(providerName) is { } explicitProvider)
        {
            return Route(asked, explicitProvider, id);
        }

        if (catalogue.Find(name) is { } known)
        {
            return Provider(known.Provider) is { } provider ? new ModelRoute(asked, provider, known.Id, known, []) : null;
        }

        var configured = providers.FirstOrDefault(provider => provider.PreferredModels.Contains(name, StringComparer.OrdinalIgnoreCase));
        return configured is null ? null : Route(asked, configured, name);
    }

    private ModelRoute Route(string asked, ModelProvider provider, string id)
    {
        var info = catalogue.Find(id);
        return new ModelRoute(
            asked, provider, info?.Id ?? id, info, info is null ? [$"The model catalogue does not know {id}; its window and price are guesses."] : []);
    }

    private ModelProvider? Provider(string name) => providers.FirstOrDefault(provider => provider.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
