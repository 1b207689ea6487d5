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
    private const string Auto = "auto";

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
        if (name.Split('/', 2) is [var providerName, var id] && Provider(providerName) is { } explicitProvider)
        {
            var info = catalogue.Find(id);
            return new ModelRoute(
                asked, explicitProvider, info?.Id ?? id, info, info is null ? [$"The model catalogue does not know {id}; its window and price are guesses."] : []);
        }

        if (catalogue.Find(name) is { } known)
        {
            return Provider(known.Provider) is { } provider
                ? new ModelRoute(asked, provider, known.Id, known, [])
                : throw new CallException(
                    ErrorCodes.NoProvider,
                    $"{known.Id} is a model of {known.Provider}, which has no key. Set {known.Provider.ToUpperInvariant()}_API_KEY in the .env file of EXAI_HOME, " +
                    $"or ask one of: {string.Join(", ", Offered().Take(6).Select(model => model.Id))}.");
        }

        var configured = providers.FirstOrDefault(provider => provider.PreferredModels.Contains(name, StringComparer.OrdinalIgnoreCase));
        if (configured is not null)
        {
            return new ModelRoute(asked, configured, name, null, [$"The model catalogue does not know {name}; its window and price are guesses."]);
        }

        var near = NearNames.Of(name, Offered().SelectMany(model => (model.Info?.Aliases ?? []).Prepend(model.Id)));
        throw new CallException(
            ErrorCodes.ModelNotFound,
            $"There is no model '{name}'. {(near.Count > 0 ? $"Near names: {string.Join(", ", near)}. " : "")}" +
            $"The tool listmodels shows all; an id that EXAI does not know can be asked as provider/id, such as {providers[0].Name}/{name}.");
    }

    private ModelProvider? Provider(string name) => providers.FirstOrDefault(provider => provider.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
