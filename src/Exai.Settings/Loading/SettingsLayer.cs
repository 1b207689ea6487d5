namespace Exai.Settings;

/// <summary>One source of variables, in the order of precedence.</summary>
internal sealed class SettingsLayer
{
    /// <summary>Names of variables are as sensitive to case as the platform's own.</summary>
    private static readonly StringComparer NameComparer = OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    private readonly Dictionary<string, LayerEntry> _entries;

    private SettingsLayer(Dictionary<string, LayerEntry> entries, bool isOurs)
    {
        _entries = entries;
        IsOurs = isOurs;
    }

    /// <summary>Written for this program alone, unlike the environment, which other programs' variables share.</summary>
    public bool IsOurs { get; }

    public IReadOnlyDictionary<string, LayerEntry> Entries => _entries;

    public static SettingsLayer FromCommandLine(IReadOnlyDictionary<string, string> options) => From(options, "command line", isOurs: true);

    public static SettingsLayer FromEnvironment(IReadOnlyDictionary<string, string> variables) => From(variables, "environment", isOurs: false);

    public static SettingsLayer FromFile(EnvFile file)
    {
        var entries = new Dictionary<string, LayerEntry>(file.Entries.Count, NameComparer);
        foreach (var entry in file.Entries)
        {
            // The last one counts, as a shell would have it.
            entries[entry.Name] = new LayerEntry(entry.Value, $"{file.Path}:{entry.Line}", IsRaw: false);
        }

        return new SettingsLayer(entries, isOurs: true);
    }

    /// <summary>Null when absent, and when empty: templates are full of <c>NAME=</c>, which asks for nothing.</summary>
    public LayerEntry? Find(string name) =>
        _entries.TryGetValue(name, out var entry) && !string.IsNullOrWhiteSpace(entry.Value) ? entry : null;

    private static SettingsLayer From(IReadOnlyDictionary<string, string> variables, string source, bool isOurs)
    {
        var entries = new Dictionary<string, LayerEntry>(variables.Count, NameComparer);
        foreach (var (name, value) in variables)
        {
            entries[name] = new LayerEntry(value, source, IsRaw: true);
        }

        return new SettingsLayer(entries, isOurs);
    }
}

/// <summary>A variable's text and where it stands. <c>IsRaw</c>: no parser has taken a comment off it yet.</summary>
internal sealed record LayerEntry(string Value, string Source, bool IsRaw);
