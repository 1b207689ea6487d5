namespace Exai.Settings;

/// <summary>Where things are on this platform, by the sources' environment alone.</summary>
internal sealed class SettingsPaths(IReadOnlyDictionary<string, string> environment)
{
    private const string HomeVariable = "$" + SettingNames.Home;

    /// <summary>The home if nobody sets one.</summary>
    public string DefaultHome()
    {
        if (OperatingSystem.IsWindows())
        {
            return Path.Combine(Variable("LOCALAPPDATA") ?? Folder(Environment.SpecialFolder.LocalApplicationData), "exai");
        }

        if (OperatingSystem.IsMacOS())
        {
            return Path.Combine(UserHome, "Library", "Application Support", "exai");
        }

        // The standard says that a relative path in the variable is to be ignored.
        var state = Variable("XDG_STATE_HOME");
        return state is not null && Path.IsPathFullyQualified(state)
            ? Path.Combine(state, "exai")
            : Path.Combine(UserHome, ".local", "state", "exai");
    }

    /// <summary>An absolute path: <c>~/</c> expanded, a relative one taken from the current folder.</summary>
    public string Expand(string text) => Path.GetFullPath(WithUserHome(text));

    /// <summary>The same, with <c>$EXAI_HOME</c> expanded and a relative one taken from the home: the current folder is somebody's project.</summary>
    public string ExpandInHome(string text, string home)
    {
        var path = text.StartsWith(HomeVariable, StringComparison.Ordinal)
            ? home + text[HomeVariable.Length..]
            : text.Replace("${" + SettingNames.Home + "}", home, StringComparison.Ordinal);
        return Path.GetFullPath(WithUserHome(path), home);
    }

    private string UserHome => Variable("HOME") ?? Folder(Environment.SpecialFolder.UserProfile);

    private string WithUserHome(string text) =>
        SettingText.StartsWithUserHome(text) ? Path.Combine(UserHome, text.Length > 2 ? text[2..] : "") : text;

    private string? Variable(string name) => environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>A user without a home folder gets the root, where creating fails with a message that names EXAI_HOME.</summary>
    private static string Folder(Environment.SpecialFolder folder) => Environment.GetFolderPath(folder) is { Length: > 0 } path ? path : "/";
}
