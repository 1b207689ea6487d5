using Exai.Settings;
using Exai.Settings.Home;

namespace Exai.Cli.Doctor;

/// <summary>The folder that shim and daemon share, and the token in it.</summary>
internal static class HomeCheck
{
    private const string Link = "home";
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    public static IEnumerable<Finding> Look(ExaiSettings settings)
    {
        var home = settings.Home;
        if (!Directory.Exists(home.Path))
        {
            yield return Finding.Warning(Link, "folder", $"{home.Path} is not there yet.", "The first start of a daemon makes it ('exai start', or a client's first call).");
            yield break;
        }

        yield return IsOpen(home.Path)
            ? Finding.Broken(Link, "folder", $"{home.Path} can be read by others.", $"chmod 700 {home.Path}")
            : Finding.Ok(Link, "folder", home.Path);
        yield return Token(settings);
    }

    private static Finding Token(ExaiSettings settings)
    {
        if (settings.Link.Token is { } given)
        {
            return Finding.Ok(Link, "token", $"from EXAI_WS_TOKEN, {given.Length} characters; clients' shims need the same");
        }

        var file = settings.Home.TokenFile;
        return !File.Exists(file) ? Finding.Warning(Link, "token", $"{file} is not there yet.", "The first start of a daemon makes it.")
            : IsOpen(file) ? Finding.Broken(Link, "token", $"{file} can be read by others.", $"Delete {file} and restart the daemon: a new one is made.")
            : TokenFile.TryRead(settings.Home) is { } token ? Finding.Ok(Link, "token", $"{file}, {token.Length} characters")
            : Finding.Broken(Link, "token", $"{file} holds no usable token.", $"Delete {file} and restart the daemon: a new one is made.");
    }

    private static bool IsOpen(string path) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != UnixFileMode.None;
}
