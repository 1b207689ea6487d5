using Exai.Settings.Home;

namespace Exai.Settings;

/// <summary>Finds and reads the one settings file, and says what is wrong with it.</summary>
internal sealed class SettingsFileLocator(SettingsPaths paths, SettingsFindings findings)
{
    /// <summary>Null when there is no file, which is only a problem if one was named.</summary>
    public EnvFile? Read(IReadOnlyList<SettingsLayer> layers)
    {
        // The reader looks these two up again with the file's layer; what it has to say about them is kept from there.
        var unheard = new SettingsFindings();
        var named = SettingsReader.Resolve(SettingsRegistry.Find(SettingNames.EnvFile)!, layers, unheard);
        var home = SettingsReader.Resolve(SettingsRegistry.Find(SettingNames.Home)!, layers, unheard);

        var path = named.Text is { } text
            ? paths.Expand(text)
            : new ExaiHome(paths.Expand(home.Text ?? paths.DefaultHome())).SettingsFile;
        if (named.Text is null && !File.Exists(path))
        {
            return null;
        }

        return TryRead(path, named) is { } file ? Checked(file, isNamed: named.Text is not null) : null;
    }

    private EnvFile? TryRead(string path, ResolvedSetting named)
    {
        try
        {
            return EnvFile.Read(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            var reason = exception switch
            {
                FileNotFoundException or DirectoryNotFoundException => "the file does not exist",
                _ when Directory.Exists(path) => "this is a folder, not a file",
                UnauthorizedAccessException => "this user may not read the file",
                _ => exception.Message,
            };
            findings.Problems.Add(named.Text is null
                ? new SettingProblem(path, null, "settings file", reason, "Make it readable for this user, or remove it")
                : new SettingProblem(SettingNames.EnvFile, path, named.Source, reason, "Name an existing, readable file, or remove the setting"));
            return null;
        }
    }

    private EnvFile Checked(EnvFile file, bool isNamed)
    {
        foreach (var error in file.Errors)
        {
            findings.Problems.Add(new SettingProblem(
                file.Path, null, $"{file.Path}:{error.Line}", $"line {error.Line} cannot be read: {error.Message}", "Write NAME=VALUE, or start the line with '#'"));
        }

        var lines = new Dictionary<string, int>(file.Entries.Count, StringComparer.Ordinal);
        foreach (var entry in file.Entries)
        {
            var source = $"{file.Path}:{entry.Line}";
            if (lines.TryGetValue(entry.Name, out var earlier))
            {
                findings.Warnings.Add(new SettingWarning(entry.Name, source, $"was already set in line {earlier}; the last one counts"));
            }

            if (entry.Name == SettingNames.EnvFile || (entry.Name == SettingNames.Home && !isNamed))
            {
                findings.Warnings.Add(new SettingWarning(entry.Name, source, "has no effect here, because this file was found by it; set it in the environment"));
            }

            lines[entry.Name] = entry.Line;
        }

        return file.Without(name => name == SettingNames.EnvFile || (name == SettingNames.Home && !isNamed));
    }
}
