namespace Exai.Settings;

/// <summary>Looks through all names that are set for those that mean nothing here, and for slips of the pen.</summary>
internal static class NameChecks
{
    public static void Run(IReadOnlyList<SettingsLayer> layers, EndpointsSettings endpoints, SettingsFindings findings)
    {
        foreach (var layer in layers)
        {
            foreach (var (name, entry) in layer.Entries)
            {
                if (SettingsRegistry.Find(name) is not null || IsKeyOf(endpoints, name))
                {
                    continue;
                }

                if (IgnoredSettings.Reason(name) is { } reason)
                {
                    if (layer.IsOurs || !IgnoredSettings.IsCommonElsewhere(name))
                    {
                        findings.Ignored.Add(new IgnoredSetting(name, entry.Source, reason));
                    }
                }
                else
                {
                    Unknown(name, entry, layer.IsOurs, findings);
                }
            }
        }
    }

    private static bool IsKeyOf(EndpointsSettings endpoints, string name)
    {
        foreach (var endpoint in endpoints.All)
        {
            if (endpoint.KeyVariable == name)
            {
                return true;
            }
        }

        return false;
    }

    private static void Unknown(string name, LayerEntry entry, bool isOurs, SettingsFindings findings)
    {
        var looksLikeOurs = SettingNames.LooksLikeOurs(name);
        if (!looksLikeOurs && !isOurs)
        {
            return;
        }

        var nearest = NearestName.Find(name, out var distance);
        var isSlip = nearest is not null && distance <= 2;

        // A settings file also holds the keys of further endpoints, under names of the user's choice.
        if (!isSlip && (!looksLikeOurs || name.EndsWith("_API_KEY", StringComparison.Ordinal)))
        {
            return;
        }

        findings.Warnings.Add(new SettingWarning(
            name,
            entry.Source,
            nearest is null ? "this name is unknown; exai config --all lists all names" : $"this name is unknown; did you mean {nearest}?"));
    }
}
