using System.Text.Json;

namespace Exai.Settings;

/// <summary>
/// The file that <c>EXAI_PROVIDERS_FILE</c> names, and the presets that need no entry because their key is set. An entry that cannot be used
/// is reported and left out.
/// </summary>
internal static class ProvidersFile
{
    public static EndpointsSettings Read(string path, SettingsVariables variables, EndpointDefaults defaults, SettingsFindings findings)
    {
        var file = new JsonFile(path, findings);
        var endpoints = new List<EndpointSettings>();
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        var detectLocal = true;
        if (file.Read() is { } root)
        {
            var members = new JsonMembers(root, file, "$schema", "detectLocal", "providers");
            detectLocal = members.Bool("detectLocal") ?? true;
            var reader = new EndpointReader(file, variables, defaults);
            foreach (var place in members.List("providers"))
            {
                if (place.Kind != JsonTokenType.StartObject)
                {
                    members.Refuse(place, "must be an object", "Write { \"preset\": … } or { \"name\": …, \"baseUrl\": … }");
                }
                else if (reader.Read(place, names) is { } endpoint)
                {
                    endpoints.Add(endpoint);
                }
            }
        }

        AddKnownByKey(endpoints, names, variables, defaults);
        return new EndpointsSettings { All = endpoints, DetectLocal = detectLocal };
    }

    /// <summary>
    /// A preset whose customary key is set can be asked by name without an entry. It is never chosen without being named: the key may have been
    /// set for another program.
    /// </summary>
    private static void AddKnownByKey(List<EndpointSettings> endpoints, Dictionary<string, int> names, SettingsVariables variables, EndpointDefaults defaults)
    {
        foreach (var preset in EndpointPresets.All)
        {
            if (preset is not { KeyVariable: { } variable, BaseUrl: { } baseUrl } || names.ContainsKey(preset.Name)
                || endpoints.Exists(endpoint => endpoint.Preset == preset.Name)
                || variables.FindWithSource(variable) is not var (key, source))
            {
                continue;
            }

            endpoints.Add(new EndpointSettings
            {
                Name = preset.Name,
                Preset = preset.Name,
                Dialect = EndpointDialect.OpenAi,
                BaseUrl = baseUrl,
                KeyVariable = variable,
                ApiKey = key.Trim(),
                MaxOutputTokens = defaults.MaxOutputTokens,
                ConnectionPoolSize = 15,
                MaxInflight = 4,
                Clocks = defaults.Clocks,
                Automatic = false,
                Enabled = true,
                MissingVariables = [],
                Source = $"{source} ({variable})",
            });
        }
    }
}
