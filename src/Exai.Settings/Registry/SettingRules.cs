namespace Exai.Settings;

/// <summary>Rules of single settings that kind and limits cannot express. Each returns what is wrong, or null.</summary>
internal static class SettingRules
{
    public static string? Host(string text) =>
        Uri.CheckHostName(text) == UriHostNameType.Unknown ? "must be a host name or an IP address, without port or scheme" : null;

    public static string? Endpoints(string text)
    {
        foreach (var entry in SettingText.SplitList(text))
        {
            if (LinkAddress.TryParse(entry, out _) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    public static string? Store(string text) =>
        PostgresAddress.Matches(text) ? PostgresAddress.TryParse(text, out _, out var error) ? null : error
            : text.StartsWith("sqlite:", StringComparison.Ordinal) && text.Length > "sqlite:".Length ? null
            : "must be sqlite: followed by the path of the database file, or postgres://user:password@host:port/database";

    public static string? AbsoluteRoots(string text)
    {
        foreach (var root in SettingText.SplitList(text))
        {
            if (!Path.IsPathFullyQualified(root) && !SettingText.StartsWithUserHome(root))
            {
                return $"must hold absolute folders only, and '{root}' is relative";
            }
        }

        return null;
    }

    /// <summary>The home gets mode 0700 and holds secrets, so it cannot be a folder that others rely on.</summary>
    public static string? Home(string text) =>
        Path.GetPathRoot(text) == text || text is "~" or "~/" ? "must be a folder of its own" : null;
}
