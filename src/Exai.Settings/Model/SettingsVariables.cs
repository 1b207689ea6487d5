namespace Exai.Settings;

/// <summary>
/// The variables that the loader saw, looked up as it looks up settings: command line, environment, settings file. It does not list them and
/// does not print them, because keys are among them.
/// </summary>
public sealed class SettingsVariables
{
    private readonly IReadOnlyList<SettingsLayer> _layers;

    internal SettingsVariables(IReadOnlyList<SettingsLayer> layers) => _layers = layers;

    /// <summary>The value of a variable; null when it is absent or empty everywhere.</summary>
    public string? Find(string name) => FindWithSource(name)?.Value;

    /// <summary>The value and where it stands; null when it is absent or empty everywhere.</summary>
    internal (string Value, string Source)? FindWithSource(string name)
    {
        foreach (var layer in _layers)
        {
            if (layer.Find(name) is { } entry)
            {
                return (entry.Value, entry.Source);
            }
        }

        return null;
    }
}
