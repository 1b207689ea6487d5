using Exai.Core.Models.Catalogue;
using Exai.Core.Tokens;
using Exai.Protocol;

namespace Exai.Core.Models;

/// <summary>Where a question goes.</summary>
/// <param name="AskedModel">What the caller named; <c>auto</c> when it named none.</param>
/// <param name="ModelId">What the provider is asked for.</param>
/// <param name="Info">What is known of it; null for an id of which nothing is.</param>
/// <param name="Notes">What the caller should know about the choice, its reason included when it is not the usual one.</param>
internal sealed record ModelRoute(string AskedModel, ModelProvider Provider, string ModelId, ModelInfo? Info, IReadOnlyList<string> Notes);

/// <summary>Finds the model for a question: the one that was named, or the first preferred one that can do what is needed. Thread-safe.</summary>
internal sealed class ModelRouter(ModelDirectory directory, string defaultModel)
{
    public const string Auto = "auto";

    public ModelRouter(IReadOnlyList<ModelProvider> providers, ModelCatalogue catalogue, string defaultModel)
        : this(new ModelDirectory(providers, catalogue), defaultModel)
    {
    }

    /// <summary>By what is known now: nothing is fetched.</summary>
    /// <exception cref="CallException">NO_PROVIDER or MODEL_NOT_FOUND.</exception>
    public ModelRoute Resolve(ModelQuestion question) => Allowed(question, Locate(question));

    /// <summary>The same, but a name that is not known is looked for on this machine and in the providers' live lists before it is refused.</summary>
    /// <exception cref="CallException">NO_PROVIDER or MODEL_NOT_FOUND.</exception>
    public async ValueTask<ModelRoute> ResolveAsync(ModelQuestion question, CancellationToken cancellationToken)
    {
        ModelRoute? route = null;
        try
        {
            route = Locate(question);
        }
        catch (CallException failure) when (failure.Error.Code == ErrorCodes.ModelNotFound || directory.Providers.Count == 0)
        {
            await directory.LookAroundAsync(cancellationToken);
        }

        return route is null ? Resolve(question) : Allowed(question, route);
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
            && Allows(question, route)
            && (route.Provider.Name != failed.Provider.Name || !route.ModelId.Equals(failed.ModelId, StringComparison.OrdinalIgnoreCase))
            && needs.Missing(route.Info, route.Provider.MaxOutputTokens).Count == 0
            && (minWindow is null || route.Info?.Window >= minWindow);

        var candidates = fallbackModels.Count > 0
            ? fallbackModels.Select(name => Find(failed.AskedModel, name)).OfType<ModelRoute>().Where(Fits)
            : directory.Providers.Where(provider => provider.Automatic && provider.Name != failed.Provider.Name)
                .Select(provider => Preferred(question, provider).Select(id => Route(failed.AskedModel, provider, id)).FirstOrDefault(Fits))
                .OfType<ModelRoute>();
        return [.. candidates.DistinctBy(route => (route.Provider.Name, route.ModelId))];
    }

    private static bool IsAuto(string name) => name.Equals(Auto, StringComparison.OrdinalIgnoreCase);

    /// <summary>In the order of preference: the provider's preferred models, then those that the question may ask by name.</summary>
    public static IEnumerable<string> Preferred(ModelQuestion question, ModelProvider provider) => question.Allowed is { } allowed
        ? provider.PreferredModels.Concat(allowed.NamedAt(provider.Name)).Distinct(StringComparer.OrdinalIgnoreCase)
        : provider.PreferredModels;

    private static bool Allows(ModelQuestion question, ModelRoute route) => question.Allowed?.Allows(route.Provider.Name, route.ModelId) ?? true;

    private static ModelRoute Allowed(ModelQuestion question, ModelRoute route) =>
        Allows(question, route) ? route : throw TokenErrors.Model($"{route.Provider.Name}/{route.ModelId}", question.Allowed!);

    private ModelRoute Locate(ModelQuestion question)
    {
        var asked = string.IsNullOrWhiteSpace(question.Model) ? Auto : question.Model.Trim();
        return IsAuto(asked) ? Choose(question) : Named(asked, asked);
    }

    private ModelRoute Choose(ModelQuestion question)
    {
        if (question.ContinueWith is { } last && Find(Auto, last) is { } route && Allows(question, route))
        {
            return WithWhatItLacks(route, question, "the thread's model");
        }

        if (question.ContinueWith is null && !IsAuto(defaultModel) && Named(Auto, defaultModel) is var standing && Allows(question, standing))
        {
            return WithWhatItLacks(standing, question, "DEFAULT_MODEL");
        }

        ModelProvider[] choosable = [.. directory.Providers.Where(provider => provider is { Automatic: true, IsDetected: false } && AutoChoice.Ids(question, provider, directory.Describe).Any())];
        if (choosable.Length == 0)
        {
            throw question.Allowed is { } allowed && directory.Providers.Count > 0 ? TokenErrors.NoModel(allowed) : NoneToChoose();
        }

        var (chosen, notes) = AutoChoice.Choose(question, choosable, directory.Describe);
        return new ModelRoute(
            Auto, chosen.Provider, chosen.Info?.Id ?? chosen.Id, chosen.Info,
            question.ContinueWith is null ? notes : [$"The thread's model {question.ContinueWith} cannot be asked any more; {chosen.Id} went on.", .. notes]);
    }

    private static ModelRoute WithWhatItLacks(ModelRoute route, ModelQuestion question, string role) =>
        ModelNeeds.Least(question).Missing(route.Info, route.Provider.MaxOutputTokens) is { Count: > 0 } missing
            ? route with { Notes = [.. route.Notes, $"{route.ModelId}, {role}, cannot {string.Join(" and ", missing)}; it answered all the same."] }
            : route;

    private ModelRoute Named(string asked, string name) => Find(asked, name) ?? throw NotFound(name);

    /// <summary>Where a name leads; null when it leads nowhere, or to a provider without a key.</summary>
    private ModelRoute? Find(string asked, string name)
    {
        if (directory.Provider(name) is { } byName && directory.Default(byName) is { } standing)
        {
            return Route(asked, byName, standing);
        }

        if (name.Split('/', 2) is [var providerName, { Length: > 0 } id] && directory.Provider(providerName) is { } explicitProvider)
        {
            return Route(asked, explicitProvider, id);
        }

        if (directory.Catalogue.Find(name) is { } known && directory.Provider(known.Provider) is { } native)
        {
            return Route(asked, native, known.Id);
        }

        // A server that was merely found on this machine has to be named itself: it could claim any model.
        foreach (var provider in directory.Providers.Where(provider => !provider.IsDetected))
        {
            if (directory.Offers(provider, name) is { } offered)
            {
                return Route(asked, provider, offered);
            }
        }

        return null;
    }

    private ModelRoute Route(string asked, ModelProvider provider, string id)
    {
        var info = directory.Describe(provider, id);
        var known = info is not null && (info.Window is not null || info.Origin == ModelOrigin.Catalogue);
        return new ModelRoute(asked, provider, info?.Id ?? id, info, known ? [] : [$"The model catalogue does not know {id}; its window and price are guesses."]);
    }

    private CallException NotFound(string name)
    {
        var providerName = name.Split('/')[0];
        if (directory.Unusable.TryGetValue(providerName.ToLowerInvariant(), out var advice))
        {
            return new CallException(ErrorCodes.NoProvider, advice);
        }

        if (directory.Providers.Count == 0)
        {
            return new CallException(ErrorCodes.NoProvider, NoProvider.Advice);
        }

        if (directory.Provider(providerName) is { } silent && !name.Contains('/', StringComparison.Ordinal))
        {
            return new CallException(
                ErrorCodes.ModelNotFound, $"{silent.Name} has no default model. Name one as {silent.Name}/id; the tool listmodels shows what it offers.");
        }

        if (directory.Catalogue.Find(name) is { Provider: "glm" or "kimi" } known && directory.Provider(known.Provider) is null)
        {
            return new CallException(
                ErrorCodes.NoProvider,
                $"{known.Id} is a model of {known.Provider}, which has no key. Set {known.Provider.ToUpperInvariant()}_API_KEY in the .env file of EXAI_HOME" +
                (Names().Take(6).ToList() is { Count: > 0 } others ? $", or ask one of: {string.Join(", ", others)}." : "."));
        }

        var found = directory.Providers.FirstOrDefault(provider => provider.IsDetected && directory.Offers(provider, name) is not null);
        var near = NearNames.Of(name, Names());
        return new CallException(
            ErrorCodes.ModelNotFound,
            $"There is no model '{name}'. {(near.Count > 0 ? $"Near names: {string.Join(", ", near)}. " : "")}" +
            (found is null ? "" : $"{found.Name}, which was found on this machine, has it: ask for {found.Name}/{name}. ") +
            $"The tool listmodels shows all; an id that EXAI does not know can be asked as provider/id, such as {directory.Providers[0].Name}/{name}.");
    }

    private CallException NoneToChoose()
    {
        var advice = directory.Providers is [var first, ..]
            ? $"No provider may be chosen without being named. Name a model, such as {first.Name}/{directory.Default(first) ?? "id"} (listmodels shows all), " +
                "or describe one with its models in the providers file ('exai config' shows where it is)."
            : NoProvider.Advice;
        var others = directory.Unusable.Where(unusable => unusable.Key is not ("glm" or "kimi")).Select(unusable => unusable.Value);
        return new CallException(ErrorCodes.NoProvider, string.Join(' ', others.Prepend(advice)));
    }

    /// <summary>Everything that can be named without its provider.</summary>
    private IEnumerable<string> Names() => directory.Providers.Where(provider => !provider.IsDetected)
        .SelectMany(provider => directory.Offered(provider).SelectMany(id => (directory.Describe(provider, id)?.Aliases ?? []).Prepend(id)))
        .Concat(directory.Providers.Select(provider => provider.Name));
}
