using Exai.Settings.Home;

namespace Exai.Settings.Tests;

/// <summary>A home in a temporary folder that goes with the test.</summary>
internal sealed class TempHome : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("exai-settings-").FullName;

    public TempHome()
    {
        Home = new ExaiHome(Path.Combine(_root, "home"));
        Directory.CreateDirectory(Home.Path);
    }

    public ExaiHome Home { get; }

    /// <summary>A path beside the home.</summary>
    public string Beside(string name) => Path.Combine(_root, name);

    /// <summary>Writes the home's settings file.</summary>
    public TempHome WithSettings(string text)
    {
        File.WriteAllText(Home.SettingsFile, text);
        return this;
    }

    /// <summary>Loads with this home, the settings file in it, and the given environment.</summary>
    public SettingsResult Load(params (string Name, string Value)[] environment) => Load(null, environment);

    public SettingsResult Load(Dictionary<string, string>? commandLine, params (string Name, string Value)[] environment)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["EXAI_HOME"] = Home.Path, ["HOME"] = _root };
        foreach (var (name, value) in environment)
        {
            variables[name] = value;
        }

        return SettingsLoader.Load(new SettingsSources { Environment = variables, CommandLine = commandLine });
    }

    public void Dispose()
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Directory.Delete(_root, recursive: true);
    }
}
