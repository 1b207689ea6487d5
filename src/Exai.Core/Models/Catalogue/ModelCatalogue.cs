using System.Text.Json;
using System.Text.Json.Serialization;
using Exai.Settings;

namespace Exai.Core.Models.Catalogue;

/// <summary>
/// A table of models. The built-in one is data: what the user says of a model wins, and what its provider's live list says comes between.
/// Immutable, thread-safe.
/// </summary>
internal sealed class ModelCatalogue
{
    private readonly Dictionary<string, ModelInfo> _byName = new(StringComparer.OrdinalIgnoreCase);

    public ModelCatalogue(IEnumerable<ModelInfo> models)
    {
        Models = [.. models];
        foreach (var model in Models)
        {
            foreach (var name in model.Aliases.Prepend(model.Id))
            {
                if (!_byName.TryAdd(name, model))
                    throw new ArgumentException($"The model catalogue names '{name}' twice.", nameof(models));
            }
        }
    }

    private ModelCatalogue(List<ModelInfo> models)
    {
        Models = models;
        // The user may give a model the name of another: ids come before aliases, and what the user says before the rest.
        foreach (var model in models)
        {
            _byName.TryAdd(model.Id, model);
        }

        foreach (var model in models.OrderByDescending(model => model.Origin == ModelOrigin.User))
        {
            foreach (var alias in model.Aliases)
            {
                _byName.TryAdd(alias, model);
            }
        }
    }

    public IReadOnlyList<ModelInfo> Models { get; }

    /// <summary>Reads <c>models.json</c> out of the assembly.</summary>
    public static ModelCatalogue Load()
    {
        const string Resource = "Exai.Core.Models.Catalogue.models.json";
        using var stream = typeof(ModelCatalogue).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The assembly lacks its resource {Resource}.");
        return new ModelCatalogue(JsonSerializer.Deserialize(stream, CatalogueJson.Default.ListModelInfo) ?? []);
    }

    /// <summary>This table with what the user says: corrections by id, and models that it lacks.</summary>
    public ModelCatalogue With(IEnumerable<ModelDescription> described)
    {
        List<ModelInfo> models = [.. Models];
        foreach (var said in described)
        {
            var known = false;
            for (var i = 0; i < models.Count; i++)
            {
                if (models[i].Id.Equals(said.Id, StringComparison.OrdinalIgnoreCase)
                    && (said.Provider is null || models[i].Provider.Equals(said.Provider, StringComparison.OrdinalIgnoreCase)))
                {
                    models[i] = models[i].With(said, ModelOrigin.User);
                    known = true;
                }
            }

            if (!known)
            {
                models.Add(new ModelInfo { Id = said.Id, Provider = said.Provider ?? "" }.With(said, ModelOrigin.User));
            }
        }

        return new ModelCatalogue(models);
    }

    /// <summary>
    /// The table as one provider sees it: its own models, and those of others, which it may serve too. A model keeps its abilities wherever it
    /// runs, but not its price, and it searches the web only where the same dialect is spoken.
    /// </summary>
    /// <param name="provider">The provider's name.</param>
    /// <param name="dialect">Whose dialect it speaks: glm, kimi, or another.</param>
    public ModelCatalogue For(string provider, string dialect)
    {
        bool IsOwn(ModelInfo model) => model.Provider.Equals(provider, StringComparison.OrdinalIgnoreCase) || model.Provider.Length == 0;
        var own = Models.Where(IsOwn).Select(model => model with { Provider = provider });
        var others = Models.Where(model => !IsOwn(model)).Select(model => model with
        {
            Provider = provider,
            PriceIn = null,
            PriceOut = null,
            PriceCached = null,
            Aliases = [],
            WebSearch = model.WebSearch && model.Provider == dialect,
            Dated = false,
            Successor = null,
        });
        return new ModelCatalogue([.. own.Concat(others).DistinctBy(model => model.Id, StringComparer.OrdinalIgnoreCase)]);
    }

    /// <summary>By id or alias, in any case.</summary>
    public ModelInfo? Find(string nameOrAlias) => _byName.GetValueOrDefault(nameOrAlias.Trim());

    /// <summary>By id or alias, else the model that the id names a build of: <c>glm-4.6-20260101</c> is glm-4.6.</summary>
    public ModelInfo? FindFamily(string id) =>
        Find(id) ?? Models.Where(model => id.StartsWith(model.Id + "-", StringComparison.OrdinalIgnoreCase)).MaxBy(model => model.Id.Length);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    ReadCommentHandling = JsonCommentHandling.Skip,
    Converters = [typeof(ThinkingKindConverter)],
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(List<ModelInfo>))]
internal sealed partial class CatalogueJson : JsonSerializerContext;

internal sealed class ThinkingKindConverter() : JsonStringEnumConverter<ThinkingKind>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);
