using System.Text.Json;

namespace Exai.Settings;

/// <summary>Reads one entry of the providers file.</summary>
internal sealed class EndpointReader(JsonFile file, SettingsVariables variables, EndpointDefaults defaults)
{
    private const int LongestName = 32;

    private static readonly System.Buffers.SearchValues<char> NameCharacters = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");

    /// <summary>Null when something in it cannot be used; all of that has been reported.</summary>
    /// <param name="names">The names so far, with the lines in which they stand.</param>
    public EndpointSettings? Read(JsonPlace place, Dictionary<string, int> names)
    {
        var members = new JsonMembers(
            place, file, "name", "preset", "dialect", "baseUrl", "keyVariable", "headers", "models", "defaultModel", "maxOutputTokens", "limits", "clocks",
            "automatic", "enabled");
        if (place.Kind != JsonTokenType.StartObject)
        {
            return null;
        }

        var preset = Preset(members);
        var name = Name(members, preset, names);
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        var keyVariable = KeyVariable(members) ?? preset.KeyVariable;
        var key = keyVariable is null ? null : variables.Find(keyVariable)?.Trim();
        if (keyVariable is not null && key is null)
        {
            missing.Add(keyVariable);
        }

        var baseUrl = BaseUrl(members, preset);
        var models = Models(members);
        var (connections, inflight) = Limits(members, preset);
        var endpoint = new EndpointSettings
        {
            Name = name ?? "",
            Preset = preset.Name,
            Dialect = Dialect(members, preset),
            BaseUrl = baseUrl ?? new Uri("http://127.0.0.1"),
            KeyVariable = keyVariable,
            ApiKey = key,
            Headers = EndpointHeaderReader.Read(members, variables, missing),
            Models = models,
            DefaultModel = members.Text("defaultModel") ?? (models.Count > 0 ? models[0].Id : null),
            MaxOutputTokens = (int)(members.Integer("maxOutputTokens", 1, 10_000_000) ?? defaults.MaxOutputTokens),
            ConnectionPoolSize = connections,
            MaxInflight = inflight,
            Clocks = EndpointClockReader.Read(members, file, defaults.Clocks, defaults.CallTimeout),
            Automatic = members.Bool("automatic") ?? true,
            Enabled = members.Bool("enabled") ?? true,
            MissingVariables = [.. missing],
            Source = file.Source(place),
        };
        if (key is not null && baseUrl is { Scheme: "http", IsLoopback: false })
        {
            file.Warning(members.At("baseUrl"), $"the key {keyVariable} travels unencrypted to {baseUrl.Host}; use https if the server offers it");
        }

        return members.Failed ? null : endpoint;
    }

    private static EndpointPreset Preset(JsonMembers members)
    {
        var names = new string[EndpointPresets.All.Count];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = EndpointPresets.All[i].Name;
        }

        return EndpointPresets.Find(members.Choice("preset", names) ?? EndpointPresets.Custom)!;
    }

    private static string? Name(JsonMembers members, EndpointPreset preset, Dictionary<string, int> names)
    {
        var name = members.Text("name");
        var at = members.At("name");
        if (name is null)
        {
            if (members.Has("name") || members.Failed)
            {
                return null;
            }

            if (preset.Name == EndpointPresets.Custom)
            {
                members.Refuse(members.Place, null, "names neither a preset nor itself", "Write \"name\": as you want to call it in name/model");
                return null;
            }

            name = preset.Name;
        }

        if (name.Length > LongestName || name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            members.Refuse(at, $"cannot be a provider's name: small letters, digits, '.' and '-', at most {LongestName}", "Choose another");
        }
        else if (name is "glm" or "kimi" or "auto")
        {
            members.Refuse(
                at, name, "is reserved",
                name == "auto" ? "Choose another" : $"Choose another; {name} itself is set by {name.ToUpperInvariant()}_API_KEY and {name.ToUpperInvariant()}_API_URL");
        }
        else if (!names.TryAdd(name, at.Line))
        {
            members.Refuse(at, name, $"is used twice; the first is in line {names[name]}", "Give each entry a \"name\" of its own");
        }

        return name;
    }

    private static EndpointDialect Dialect(JsonMembers members, EndpointPreset preset)
    {
        var dialect = members.Choice("dialect", "openai", "glm", "kimi");
        if (dialect is not null && preset.Name != EndpointPresets.Custom)
        {
            members.Refuse(members.At("dialect"), $"has no place beside the preset {preset.Name}, which speaks openai", "Remove one of the two");
        }

        return dialect switch
        {
            "glm" => EndpointDialect.Glm,
            "kimi" => EndpointDialect.Kimi,
            _ => EndpointDialect.OpenAi,
        };
    }

    private static Uri? BaseUrl(JsonMembers members, EndpointPreset preset)
    {
        if (members.Text("baseUrl") is not { } text)
        {
            if (preset.BaseUrl is null && !members.Has("baseUrl") && (!members.Has("preset") || !members.Failed))
            {
                members.Refuse(members.Place, null, "names no baseUrl", "Write \"baseUrl\": the address before /chat/completions");
            }

            return preset.BaseUrl;
        }

        if (SettingText.CheckUrl(text) is { } wrong)
        {
            // Whatever follows an '@' or a '?' may be a key.
            members.Refuse(members.At("baseUrl"), text.AsSpan().IndexOfAny('@', '?') >= 0 ? "(hidden)" : JsonFile.Shown(members.At("baseUrl")), wrong, "Correct it");
            return null;
        }

        return new Uri(text);
    }

    private static string? KeyVariable(JsonMembers members)
    {
        const int LongestVariable = 64;
        if (members.Find("keyVariable") is not { } value)
        {
            return null;
        }

        if (value.Kind == JsonTokenType.String && value.Text.Length is > 0 and <= LongestVariable && !char.IsAsciiDigit(value.Text[0]) && IsVariable(value.Text))
        {
            return value.Text;
        }

        members.Refuse(
            value, value.Kind == JsonTokenType.String ? $"(hidden, {value.Text.Length} characters)" : JsonFile.Shown(value),
            "must be the name of a variable in capitals, never a key itself", "Put the key into the .env file of EXAI_HOME as NAME=key, and write \"NAME\" here");
        return null;
    }

    private static bool IsVariable(string text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterUpper(c) && !char.IsAsciiDigit(c) && c != '_')
            {
                return false;
            }
        }

        return true;
    }

    private List<ModelDescription> Models(JsonMembers members)
    {
        var models = new List<ModelDescription>();
        var lines = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var place in members.List("models"))
        {
            if (ModelDescriptionReader.Read(place, file, members, namesProvider: false) is not { } model)
            {
                continue;
            }

            if (!lines.TryAdd(model.Id, place.Line))
            {
                members.Refuse(place, model.Id, $"is named twice; the first is in line {lines[model.Id]}", "Remove one");
            }

            models.Add(model);
        }

        return models;
    }

    private (int Connections, int Inflight) Limits(JsonMembers members, EndpointPreset preset)
    {
        // A server on one's own machine answers one or two at a time.
        var inflight = preset.IsLocal ? 2 : 4;
        const int Connections = 15;
        if (members.Find("limits") is not { } place)
        {
            return (Connections, inflight);
        }

        var limits = new JsonMembers(place, file, "connections", "maxInflight");
        var own = ((int)(limits.Integer("connections", 1, 1000) ?? Connections), (int)(limits.Integer("maxInflight", 1, 1000) ?? inflight));
        members.Include(limits);
        return own;
    }
}

/// <summary>What holds for an endpoint that says nothing else.</summary>
internal sealed record EndpointDefaults(ProviderClocks Clocks, TimeSpan CallTimeout, int MaxOutputTokens);
