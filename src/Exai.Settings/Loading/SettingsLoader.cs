using Exai.Settings.Home;

namespace Exai.Settings;

/// <summary>
/// Loads all settings: command line before environment before settings file before default. The file is the one that <c>ENV_FILE</c> names,
/// or else <c>.env</c> in the home; one in the current folder is never read, because the shim runs in other people's projects.
/// Pure but for that file, the providers file and the models file; safe from any thread. It stands in the way of every start of a shim, so it does without LINQ, reflection and regular expressions.
/// </summary>
public static class SettingsLoader
{
    /// <summary>Never throws for what is set: everything wrong is in the result, all at once.</summary>
    public static SettingsResult Load(SettingsSources sources)
    {
        var findings = new SettingsFindings();
        var paths = new SettingsPaths(sources.Environment);
        var layers = new List<SettingsLayer>(3);
        if (sources.CommandLine is { } commandLine)
        {
            layers.Add(SettingsLayer.FromCommandLine(commandLine));
        }

        layers.Add(SettingsLayer.FromEnvironment(sources.Environment));

        var file = new SettingsFileLocator(paths, findings).Read(layers);
        if (file is not null)
        {
            layers.Add(SettingsLayer.FromFile(file));
        }

        var reader = new SettingsReader(layers, findings);
        var home = new ExaiHome(Path.TrimEndingDirectorySeparator(paths.Expand(reader.TextOrNull(SettingNames.Home) ?? paths.DefaultHome())));
        var settings = new SettingsBinder(reader, paths, home).Bind(new SettingsVariables(layers));
        var defaults = new EndpointDefaults(settings.GenericClocks, settings.Calls.Timeout, settings.Models.DefaultMaxOutputTokens);
        settings = settings with
        {
            Endpoints = ProvidersFile.Read(settings.ProvidersFile, settings.Variables, defaults, findings),
            DescribedModels = ModelsFile.Read(home.ModelsFile, findings),
        };
        new CrossChecks(reader, findings).Run(settings);
        NameChecks.Run(layers, settings.Endpoints, findings);

        var values = new List<SettingValue>(SettingsRegistry.All.Length);
        foreach (var definition in SettingsRegistry.All)
        {
            values.Add(reader[definition.Name].ToValue());
        }

        return new SettingsResult
        {
            Settings = settings,
            Problems = findings.Problems,
            Warnings = findings.Warnings,
            Ignored = findings.Ignored,
            Values = values,
            SettingsFile = file?.Path,
        };
    }
}
