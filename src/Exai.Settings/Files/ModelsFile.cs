using System.Text.Json;

namespace Exai.Settings;

/// <summary>
/// <c>models.json</c> in the home: a list of descriptions that correct or extend the built-in catalogue, by id. What an entry leaves out stays
/// as it is known.
/// </summary>
internal static class ModelsFile
{
    public static IReadOnlyList<ModelDescription> Read(string path, SettingsFindings findings)
    {
        var file = new JsonFile(path, findings);
        if (file.Read() is not { } root)
        {
            return [];
        }

        if (root.Kind != JsonTokenType.StartArray)
        {
            file.Problem(root, JsonFile.Shown(root), "must be a list of models", "Write [ { \"id\": …, … } ]");
            return [];
        }

        var models = new List<ModelDescription>();
        var names = new Dictionary<string, JsonPlace>(StringComparer.OrdinalIgnoreCase);
        foreach (var place in root.Items)
        {
            if (ModelDescriptionReader.Read(place, file, outer: null, namesProvider: true) is { } model && AreNew(model, place, names, file))
            {
                models.Add(model);
            }
        }

        return models;
    }

    /// <summary>An id may occur once per provider; an alias once.</summary>
    private static bool AreNew(ModelDescription model, JsonPlace place, Dictionary<string, JsonPlace> names, JsonFile file)
    {
        string[] all = [$"{model.Provider}/{model.Id}", .. model.Aliases ?? []];
        foreach (var name in all)
        {
            if (!names.TryAdd(name, place))
            {
                file.Problem(place, name.TrimStart('/'), $"is named twice; the first is in line {names[name].Line}", "Remove one, or put both into one entry");
                return false;
            }
        }

        return true;
    }
}
