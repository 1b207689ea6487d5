namespace Exai.Cli.Clients;

internal enum ClientSystem
{
    Linux,
    MacOs,
    Windows,
}

/// <summary>Where a user's programs keep their configuration.</summary>
/// <param name="Home">The user's own folder.</param>
/// <param name="Variables">The environment, for the programs whose place it names.</param>
internal sealed record ClientPlatform(ClientSystem System, string Home, Func<string, string?> Variables)
{
    public static ClientPlatform Current { get; } = new(
        OperatingSystem.IsWindows() ? ClientSystem.Windows : OperatingSystem.IsMacOS() ? ClientSystem.MacOs : ClientSystem.Linux,
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
        Environment.GetEnvironmentVariable);

    /// <summary>The folder of applications' configuration: <c>~/.config</c>, <c>~/Library/Application Support</c>, <c>%APPDATA%</c>.</summary>
    public string ApplicationData => System switch
    {
        ClientSystem.Windows => Variables("APPDATA") is { Length: > 0 } given ? given : In("AppData", "Roaming"),
        ClientSystem.MacOs => In("Library", "Application Support"),
        _ => Config,
    };

    /// <summary>The folder of programs that follow the XDG rules on all systems.</summary>
    public string Config => Variables("XDG_CONFIG_HOME") is { Length: > 0 } given && System == ClientSystem.Linux ? given : In(".config");

    /// <summary>A place below the user's folder.</summary>
    public string In(params string[] parts) => Path.Combine([Home, .. parts]);
}
