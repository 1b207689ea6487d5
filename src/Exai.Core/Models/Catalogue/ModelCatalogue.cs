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

    /// <summary>The three ids or aliases most like <paramref name="name"/>, best first, for "did you mean".</summary>
    public IReadOnlyList<string> Near(string name) => Near(name, _byName.Keys);

    /// <summary>As <see cref="Near(string)"/>, among the names that are really on offer.</summary>
    public static IReadOnlyList<string> Near(string name, IEnumerable<string> among)
    {
        const int Wanted = 3;
        const int LongestAsked = 100;
        var asked = name.Trim().ToLowerInvariant();
        asked = asked[..Math.Min(asked.Length, LongestAsked)];

        // People cut names short more often than they misspell them.
        return [.. among
            .OrderBy(candidate => asked.Length > 0 && candidate.StartsWith(asked, StringComparison.OrdinalIgnoreCase) ? 0 : 1)
            .ThenBy(candidate => Distance(asked, candidate.ToLowerInvariant()))
            .ThenBy(candidate => candidate, StringComparer.Ordinal)
            .Take(Wanted)];
    }

    /// <summary>Levenshtein's, one row at a time.</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var substituted = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    ReadCommentHandling = JsonCommentHandling.Skip,
    Converters = [typeof(ThinkingKindConverter)],
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(List<ModelInfo>))]
internal sealed partial class CatalogueJson : JsonSerializerContext;

internal sealed class ThinkingKindConverter() : JsonStringEnumConverter<ThinkingKind>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);
