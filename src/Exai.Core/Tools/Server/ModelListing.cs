using System.Globalization;
using System.Text;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Tokens;
using Exai.Settings;

namespace Exai.Core.Tools.Server;

/// <summary>Writes one provider's models, a line for each, for a model or a person who has to choose one.</summary>
internal static class ModelListing
{
    /// <summary>Some providers serve hundreds; what is not shown can be asked for all the same.</summary>
    private const int MostLines = 40;

    /// <summary>Ids of the models that whoever asks may ask for.</summary>
    /// <param name="allowed">Null for all.</param>
    public static IEnumerable<string> Offered(ModelProvider provider, ModelDirectory directory, ModelAllowance? allowed) =>
        directory.Offered(provider).Where(id => allowed?.Allows(provider.Name, id) ?? true);

    public static void Write(StringBuilder text, ModelProvider provider, ModelDirectory directory, ModelAllowance? allowed = null)
    {
        var live = directory.Lists?.Known(provider);
        var models = Offered(provider, directory, allowed).Select(id => (Id: id, Info: directory.Describe(provider, id))).ToList();
        bool IsNamed(string id) => provider.PreferredModels.Contains(id, StringComparer.OrdinalIgnoreCase) || provider.Models.Any(model => model.Id == id);
        var dated = models.Where(model => !IsNamed(model.Id) && model.Info is { Dated: true }).ToList();
        var gone = models.Where(model => !IsNamed(model.Id) && live is { } list && list.Lacks(model.Id)).Except(dated).ToList();
        var shown = models.Except(gone).Except(dated).ToList();

        text.AppendLine(Heading(provider, live));
        WriteMissingDefault(text, provider, directory, live);
        foreach (var (id, info) in shown.Take(MostLines))
        {
            text.AppendLine(Line(id, info, provider, live));
        }

        if (shown.Count > MostLines)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"- and {shown.Count - MostLines} more, each to be asked for as {provider.Name}/id");
        }

        WriteRest(text, "Retired or about to be", dated);
        WriteRest(text, "Known, but not in its live list", gone);
    }

    private static string Heading(ModelProvider provider, LiveModelList? live)
    {
        var origin = provider.Origin.Length > 0 ? $" ({provider.Origin})" : "";
        var standing = provider.PreferredModels is [var first, ..] ? $"default {first}" : "no default model: name one";
        var choice = provider.IsDetected ? "; asked only when named as " + provider.Name + "/id"
            : provider is { Automatic: true, PreferredModels.Count: > 0 } ? ""
            : "; asked only when named";
        var list = live switch
        {
            null => "",
            { Failure: { } failure, FetchedAt: null } => $"; no live list: {failure}",
            { Failure: { } failure } => $"; live list of {live.FetchedAt:HH:mm} UTC, the newest failed: {failure}",
            _ => $"; live list: {live.Models.Count}",
        };
        return $"{provider.Name}{origin}: {standing}{choice}{list}";
    }

    private static void WriteMissingDefault(StringBuilder text, ModelProvider provider, ModelDirectory directory, LiveModelList? live)
    {
        if (live is null || provider.PreferredModels is not [var standing, ..] || !live.Lacks(standing))
        {
            return;
        }

        var instead = live.InPlaceOf(standing, directory.Describe(provider, standing)?.Successor);
        var setting = provider.Name is "glm" or "kimi" ? $"{provider.Name.ToUpperInvariant()}_DEFAULT_MODEL" : "defaultModel in the providers file";
        text.AppendLine(CultureInfo.InvariantCulture, $"! The default {standing} is not in the live list{(instead is null ? "" : $"; nearest: {instead}")}. Set {setting}.");
    }

    private static string Line(string id, ModelInfo? info, ModelProvider provider, LiveModelList? live)
    {
        List<string> parts = [];
        if (info is not null)
        {
            parts.AddRange(new[] { info.Window?.ToString("N0", CultureInfo.InvariantCulture), Abilities(info), Price(info) }.OfType<string>());
            if (info.Aliases.Count > 0)
            {
                parts.Add($"also {string.Join(", ", info.Aliases)}");
            }

            if (info.Dated)
            {
                parts.Add("retired or about to be" + (info.Successor is { } successor ? $" → {successor}" : ""));
            }
        }

        if (info?.Origin == ModelOrigin.User)
        {
            parts.Add("described by your file");
        }

        if (live is { } list && list.Lacks(id))
        {
            parts.Add("not in its live list");
        }

        if (id.Equals(provider.ThinkingModel, StringComparison.OrdinalIgnoreCase))
        {
            parts.Add("for thinking");
        }

        if (id.Equals(provider.SpeedModel, StringComparison.OrdinalIgnoreCase))
        {
            parts.Add("for speed");
        }

        return parts.Count > 0 ? $"- {id}: {string.Join("; ", parts)}" : $"- {id}";
    }

    private static string? Abilities(ModelInfo info)
    {
        string?[] abilities =
        [
            info.Thinking switch
            {
                null or ThinkingKind.None => null,
                ThinkingKind.Always => "always thinks",
                _ => "thinks",
            },
            info.WebSearch ? "web" : null,
            info.Vision == true ? "images" : null,
            info.Tools == true ? "tools" : null,
        ];
        return string.Join(", ", abilities.OfType<string>()) is { Length: > 0 } all ? all : null;
    }

    private static string? Price(ModelInfo info) => info switch
    {
        { PriceIn: 0, PriceOut: 0 } => "free",
        { PriceIn: { } input, PriceOut: { } output } => string.Create(CultureInfo.InvariantCulture, $"${input:0.####}/${output:0.####}"),
        _ => null,
    };

    private static void WriteRest(StringBuilder text, string what, List<(string Id, ModelInfo? Info)> models)
    {
        if (models.Count > 0)
        {
            var groups = models.GroupBy(model => model.Info?.Successor, model => model.Id)
                .Select(group => string.Join(", ", group) + (group.Key is null ? "" : $" → {group.Key}"));
            text.AppendLine($"{what}: {string.Join("; ", groups)}");
        }
    }
}
