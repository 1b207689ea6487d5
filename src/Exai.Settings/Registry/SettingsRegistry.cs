using System.Collections.Immutable;

namespace Exai.Settings;

/// <summary>Every setting of the product, in the order in which documents show them. Immutable; safe from any thread.</summary>
public static class SettingsRegistry
{
    private static readonly Dictionary<string, SettingDefinition> ByAnyName;

    static SettingsRegistry()
    {
        All =
        [
            .. ConnectionDefinitions.All,
            .. ProviderDefinitions.All,
            .. ClockDefinitions.All,
            .. ConcurrencyDefinitions.All,
            .. OperationsDefinitions.All,
        ];

        ByAnyName = new(All.Length * 2, StringComparer.Ordinal);
        foreach (var definition in All)
        {
            foreach (var name in NamesOf(definition))
            {
                ByAnyName.Add(name, definition);
            }
        }
    }

    /// <summary>All definitions; each name occurs once.</summary>
    public static ImmutableArray<SettingDefinition> All { get; }

    /// <summary>Every name that is read, aliases and deprecated ones included.</summary>
    public static IReadOnlyCollection<string> AllNames => ByAnyName.Keys;

    /// <summary>The definition behind a name, an alias or a deprecated alias; null when there is none.</summary>
    public static SettingDefinition? Find(string name) => ByAnyName.GetValueOrDefault(name);

    /// <summary>In the order in which they count.</summary>
    internal static List<string> NamesOf(SettingDefinition definition) =>
        [definition.Name, .. definition.Aliases, .. definition.DeprecatedAliases];

    internal static bool IsDeprecated(SettingDefinition definition, string name)
    {
        foreach (var alias in definition.DeprecatedAliases)
        {
            if (alias == name)
            {
                return true;
            }
        }

        return false;
    }
}
