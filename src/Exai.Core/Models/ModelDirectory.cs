using System.Collections.Concurrent;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;

namespace Exai.Core.Models;

/// <summary>
/// Which models can be asked, and what is known of each: the user's word before the provider's live list before the built-in catalogue.
/// Thread-safe.
/// </summary>
internal sealed class ModelDirectory(IReadOnlyList<ModelProvider> configured, ModelCatalogue catalogue)
{
    private readonly ConcurrentDictionary<ModelProvider, ModelCatalogue> _views = new(ReferenceEqualityComparer.Instance);

    /// <summary>Null when the providers' lists are never asked for.</summary>
    public LiveModelLists? Lists { get; init; }

    /// <summary>Null when none is looked for.</summary>
    public LocalServers? Local { get; init; }

    /// <summary>Providers that are described but cannot be asked, with what to do about it.</summary>
    public IReadOnlyDictionary<string, string> Unusable { get; init; } = new Dictionary<string, string>();

    /// <summary>Those configured, in their order, then those found on this machine.</summary>
    public IReadOnlyList<ModelProvider> Providers => Local is { Found: { Count: > 0 } found } ? [.. configured, .. found] : configured;

    public ModelCatalogue Catalogue => catalogue;

    public ModelProvider? Provider(string name) => Providers.FirstOrDefault(provider => provider.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>What is known of a model at a provider; null when that is nothing but its id.</summary>
    public ModelInfo? Describe(ModelProvider provider, string idOrAlias)
    {
        var view = View(provider);
        var known = view.Find(idOrAlias);
        if (Lists?.Known(provider)?.Find(known?.Id ?? idOrAlias) is not { } live)
        {
            return known;
        }

        if (known is null)
        {
            return live with { Id = "" } == new Settings.ModelDescription { Id = "" }
                ? null
                : new ModelInfo { Id = live.Id, Provider = provider.Name }.With(live, ModelOrigin.LiveList);
        }

        return known.Origin == ModelOrigin.User
            ? known with
            {
                Window = known.Window ?? live.Window,
                MaxOutput = known.MaxOutput ?? live.MaxOutput,
                Vision = known.Vision ?? live.Vision,
                Thinking = known.Thinking ?? live.Thinking,
                PriceIn = known.PriceIn ?? live.PriceIn,
                PriceOut = known.PriceOut ?? live.PriceOut,
                PriceCached = known.PriceCached ?? live.PriceCached,
            }
            // How a model thinks decides what may be sent, and lists only say that it does.
            : known.With(live with { Thinking = known.Thinking ?? live.Thinking }, known.Origin);
    }

    /// <summary>Whether the provider's settings or its live list name the model, by id or alias; its id if they do.</summary>
    public string? Offers(ModelProvider provider, string idOrAlias)
    {
        var id = View(provider).Find(idOrAlias)?.Id ?? idOrAlias;
        bool Is(string? other) => id.Equals(other, StringComparison.OrdinalIgnoreCase);
        return provider.PreferredModels.Any(Is) || provider.Models.Any(model => Is(model.Id)) || Is(provider.ThinkingModel) || Is(provider.SpeedModel)
            || Lists?.Known(provider)?.Find(id) is not null
            ? id
            : null;
    }

    /// <summary>Ids of the models that a provider offers as far as is known, the preferred ones first.</summary>
    public IReadOnlyList<string> Offered(ModelProvider provider) =>
    [
        .. provider.PreferredModels
            .Concat(provider.Models.Select(model => model.Id))
            .Concat(new[] { provider.ThinkingModel, provider.SpeedModel }.OfType<string>())
            .Concat(catalogue.Models.Where(model => model.Provider == provider.Name).Select(model => model.Id))
            .Concat(Lists?.Known(provider)?.Models.Select(model => model.Id) ?? [])
            .Distinct(StringComparer.OrdinalIgnoreCase),
    ];

    /// <summary>The model that stands for a provider when nothing else is named; null when there is none.</summary>
    public string? Default(ModelProvider provider) =>
        provider.PreferredModels is [var first, ..] ? first : Lists?.Known(provider) is { Models: [var listed, ..] } ? listed.Id : null;

    /// <summary>Looks for local servers and asks all providers what they serve, as far as that is not known yet. Failures are kept, not thrown.</summary>
    public async Task LookAroundAsync(CancellationToken cancellationToken)
    {
        if (Local is not null)
        {
            await Local.LookAsync(cancellationToken);
        }

        if (Lists is not null)
        {
            await Lists.RefreshAsync(Providers, cancellationToken);
        }
    }

    private ModelCatalogue View(ModelProvider provider) => _views.GetOrAdd(provider, Viewed);

    private ModelCatalogue Viewed(ModelProvider provider) =>
        catalogue.For(provider.Name, provider.Dialect).With(provider.Models.Select(model => model with { Provider = provider.Name }));
}
