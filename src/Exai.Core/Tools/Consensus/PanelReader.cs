using System.Text.Json;
using Exai.Core.Models;
using Exai.Core.Tokens;
using Exai.Protocol;

namespace Exai.Core.Tools.Consensus;

/// <summary>Who is asked: the models that the call names, or the default model of up to three providers, as far as they may be asked.</summary>
internal static class PanelReader
{
    private const int DefaultSize = 3;

    private static readonly string[] Stances = ["for", "against", "neutral"];

    public static IReadOnlyList<Panelist> Read(ToolArguments arguments, ModelDirectory directory, ModelAllowance? allowed = null)
    {
        var panel = arguments.ObjectList("models").Select(Panelist).ToList();
        if (panel.Count == 0)
        {
            panel = Default(directory, allowed);
        }

        var twice = panel.GroupBy(panelist => (panelist.Model.ToLowerInvariant(), panelist.Stance)).FirstOrDefault(group => group.Count() > 1);
        return twice is null
            ? panel
            : throw ToolArguments.Invalid($"'models' names {twice.First().Model} with the stance {twice.Key.Stance} {twice.Count()} times; each pair of model and stance is asked once.");
    }

    private static List<Panelist> Default(ModelDirectory directory, ModelAllowance? allowed)
    {
        var models = directory.Providers.Where(provider => provider.Automatic)
            .Select(provider => (IReadOnlyList<string>)[.. Askable(provider, directory, allowed).Select(id => $"{provider.Name}/{id}")]).Where(ids => ids.Count > 0).ToList();
        var names = models.Count == 1 ? models[0].Take(2) : models.Take(DefaultSize).Select(ids => ids[0]);
        var panel = names.Select(name => new Panelist(name, "neutral", null)).ToList();
        return panel.Count > 0 ? panel : throw (allowed is null ? new CallException(ErrorCodes.NoProvider, NoProvider.Advice) : TokenErrors.NoModel(allowed));
    }

    private static IEnumerable<string> Askable(ModelProvider provider, ModelDirectory directory, ModelAllowance? allowed) => allowed is null
        ? provider.PreferredModels
        : provider.PreferredModels.Where(id => allowed.Allows(provider.Name, directory.Describe(provider, id)?.Id ?? id))
            .Concat(allowed.NamedAt(provider.Name)).Distinct(StringComparer.OrdinalIgnoreCase);

    private static Panelist Panelist(JsonElement entry, int index)
    {
        string? Text(string name) => !entry.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw ToolArguments.Invalid($"'{name}' of models[{index}] was {value.GetRawText()} ({value.ValueKind.ToString().ToLowerInvariant()}); it must be a text.");

        foreach (var member in entry.EnumerateObject())
        {
            if (member.Name is not ("model" or "stance" or "stance_prompt"))
            {
                throw ToolArguments.Invalid($"models[{index}] has '{member.Name}'; an entry may have model, stance and stance_prompt.");
            }
        }

        var stance = Text("stance") ?? "neutral";
        return new Panelist(
            Text("model") is { } model && !string.IsNullOrWhiteSpace(model) ? model.Trim() : throw ToolArguments.Invalid($"models[{index}] has no 'model'. Each entry needs a name, an alias or provider/id."),
            Stances.FirstOrDefault(known => known.Equals(stance, StringComparison.OrdinalIgnoreCase))
                ?? throw ToolArguments.Invalid($"'stance' of models[{index}] was '{stance}'; it may be {string.Join(", ", Stances)}."),
            Text("stance_prompt") is { } prompt && !string.IsNullOrWhiteSpace(prompt) ? prompt : null);
    }
}
