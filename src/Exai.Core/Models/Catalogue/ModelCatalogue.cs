using System.Text.Json;
using System.Text.Json.Serialization;

namespace Exai.Core.Models.Catalogue;

/// <summary>The built-in table of models. It is data: what a provider's live list says wins. Immutable, thread-safe.</summary>
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

    public IReadOnlyList<ModelInfo> Models { get; }

    /// <summary>Reads <c>models.json</c> out of the assembly.</summary>
    public static ModelCatalogue Load()
    {
        const string Resource = "Exai.Core.Models.Catalogue.models.json";
        using var stream = typeof(ModelCatalogue).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The assembly lacks its resource {Resource}.");
        return new ModelCatalogue(JsonSerializer.Deserialize(stream, CatalogueJson.Default.ListModelInfo) ?? []);
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
