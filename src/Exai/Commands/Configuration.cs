using Exai.Settings;

namespace Exai.Cli.Commands;

/// <summary>Reads the settings for a command, which refuses to run on wrong ones.</summary>
internal static class Configuration
{
    /// <summary>Null when there are problems; all of them have been printed.</summary>
    public static ExaiSettings? LoadOrExplain(IReadOnlyDictionary<string, string>? commandLine = null)
    {
        var result = SettingsLoader.Load(SettingsSources.FromProcess(commandLine));
        foreach (var warning in result.Warnings)
        {
            Terminal.Explain($"warning: {warning}");
        }

        if (result.Problems.Count == 0)
        {
            return result.Settings;
        }

        Terminal.Explain(result.Problems.Count == 1 ? "A setting cannot be used:" : $"{result.Problems.Count} settings cannot be used:");
        foreach (var problem in result.Problems)
        {
            Terminal.Explain($"  {problem}");
        }

        return null;
    }
}
