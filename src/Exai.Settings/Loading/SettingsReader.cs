using System.Globalization;

namespace Exai.Settings;

/// <summary>
/// Finds each setting's text in the layers, checks it, and hands it out typed. A text that fails its check is reported and its default used,
/// so the typed members never fail.
/// </summary>
internal sealed class SettingsReader
{
    private readonly Dictionary<string, ResolvedSetting> _resolved;

    public SettingsReader(IReadOnlyList<SettingsLayer> layers, SettingsFindings findings)
    {
        _resolved = new(SettingsRegistry.All.Length, StringComparer.Ordinal);
        foreach (var definition in SettingsRegistry.All)
        {
            _resolved.Add(definition.Name, Resolve(definition, layers, findings));
        }
    }

    public ResolvedSetting this[string name] => _resolved[name];

    /// <summary>Puts the value that a computed default turned out to be, or a path in full, where people look.</summary>
    public void Show(string name, string text) => _resolved[name] = _resolved[name] with { Text = text };

    public string? TextOrNull(string name) => _resolved[name].Text;

    public string Text(string name) => Required(name);

    public int Integer(string name) => int.Parse(Required(name), CultureInfo.InvariantCulture);

    public TimeSpan Seconds(string name) => TimeSpan.FromSeconds(Number(name));

    public TimeSpan? SecondsOrNull(string name) => _resolved[name].Text is null ? null : Seconds(name);

    public TimeSpan Hours(string name) => TimeSpan.FromHours(Number(name));

    public TimeSpan Milliseconds(string name) => TimeSpan.FromMilliseconds(Number(name));

    public bool? BoolOrNull(string name) => _resolved[name].Text is { } text ? SettingText.TryBool(text, out var value) && value : null;

    public Uri Url(string name) => new(Required(name));

    public Uri? UrlOrNull(string name) => _resolved[name].Text is { } text ? new Uri(text) : null;

    public string[] List(string name) => _resolved[name].Text is { } text ? SettingText.SplitList(text) : [];

    /// <summary>The choice as the registry spells it.</summary>
    public string Choice(string name) => SettingText.FindChoice(_resolved[name].Definition, Required(name))!;

    /// <summary>Finds the setting in the first layer that has it under any of its names, and checks it.</summary>
    public static ResolvedSetting Resolve(SettingDefinition definition, IReadOnlyList<SettingsLayer> layers, SettingsFindings findings)
    {
        foreach (var layer in layers)
        {
            if (FindIn(layer, definition, findings) is not var (name, entry))
            {
                continue;
            }

            // A parser that does not know comments, such as docker's, may have put one into the environment.
            var text = entry.IsRaw && definition.Kind != SettingKind.Path ? EnvFile.WithoutComment(entry.Value).ToString() : entry.Value.Trim();
            var source = name == definition.Name ? entry.Source : $"{entry.Source} ({name})";
            if (SettingText.Check(definition, text) is { } error)
            {
                findings.Problems.Add(new SettingProblem(name, SettingText.Display(definition, text), entry.Source, error, Mend(definition)));
                break;
            }

            return new ResolvedSetting(definition, text, source, IsDefault: false);
        }

        return new ResolvedSetting(definition, definition.Default, "default", IsDefault: true);
    }

    private static (string Name, LayerEntry Entry)? FindIn(SettingsLayer layer, SettingDefinition definition, SettingsFindings findings)
    {
        (string Name, LayerEntry Entry)? found = null;
        foreach (var name in SettingsRegistry.NamesOf(definition))
        {
            if (layer.Find(name) is not { } entry)
            {
                continue;
            }

            if (SettingsRegistry.IsDeprecated(definition, name))
            {
                findings.Warnings.Add(new SettingWarning(name, entry.Source, $"this name is deprecated; use {definition.Name}"));
            }

            if (found is var (first, chosen) && chosen.Value.Trim() != entry.Value.Trim())
            {
                findings.Warnings.Add(new SettingWarning(name, entry.Source, $"has another value than {first} ({chosen.Source}), which means the same and counts"));
            }

            found ??= (name, entry);
        }

        return found;
    }

    private static string Mend(SettingDefinition definition)
    {
        if (definition.Kind == SettingKind.Secret)
        {
            return definition.Min is null ? "Set it to the key as the provider shows it" : "Set a longer one, or remove it to use the token file";
        }

        return definition.Default is { } text ? $"Correct it, or remove it for the default {text}" : "Correct it, or remove it";
    }

    private double Number(string name) => double.Parse(Required(name), CultureInfo.InvariantCulture);

    private string Required(string name) =>
        _resolved[name].Text ?? throw new InvalidOperationException($"{name} has no default, so it must be read as optional.");
}

/// <summary>A setting's text in effect, secrets included.</summary>
internal sealed record ResolvedSetting(SettingDefinition Definition, string? Text, string Source, bool IsDefault)
{
    public SettingValue ToValue() =>
        new(Definition, Text is null ? null : SettingText.Display(Definition, Text), Source, IsDefault);

    public override string ToString() => $"{Definition.Name} ({Source})";
}
