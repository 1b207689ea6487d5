using System.Text;

namespace Exai.Files;

/// <summary>How paths are compared and spelled on this system.</summary>
internal static class PathRules
{
    private static readonly bool IgnoresCase = OperatingSystem.IsWindows() || OperatingSystem.IsMacOS();

    public static StringComparer Comparer { get; } = IgnoresCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    private static StringComparison Comparison => IgnoresCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    public static bool Same(string left, string right) =>
        string.Equals(Path.TrimEndingDirectorySeparator(left), Path.TrimEndingDirectorySeparator(right), Comparison);

    /// <summary>Whether a path is a folder or lies in it. Both absolute, without <c>..</c>; no link is looked at.</summary>
    public static bool IsWithin(string path, string folder)
    {
        var trimmed = Path.TrimEndingDirectorySeparator(folder);
        return Same(path, trimmed)
            || path.StartsWith(Path.EndsInDirectorySeparator(trimmed) ? trimmed : trimmed + Path.DirectorySeparatorChar, Comparison);
    }

    /// <summary>
    /// A path as a caller wrote it, made absolute: a <c>file:</c> address, a Windows path under WSL, the home's <c>~</c>, or relative to the first of
    /// the roots in which it exists.
    /// </summary>
    /// <returns>Null for what can be no path.</returns>
    public static string? Absolute(string written, IReadOnlyList<string> roots)
    {
        var path = written.Trim();
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

        if (path.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            if (!Uri.TryCreate(path, UriKind.Absolute, out var address) || !address.IsFile)
            {
                return null;
            }

            path = address.LocalPath;
        }

        if (path == "~" || path.StartsWith("~/", StringComparison.Ordinal))
        {
            path = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + path[1..];
        }

        if (!OperatingSystem.IsWindows() && path is [_, ':', '\\' or '/', ..] && char.IsAsciiLetter(path[0]) && Directory.Exists("/mnt/" + char.ToLowerInvariant(path[0])))
        {
            path = new StringBuilder("/mnt/").Append(char.ToLowerInvariant(path[0])).Append(path[2..].Replace('\\', '/')).ToString();
        }

        if (Path.IsPathFullyQualified(path))
        {
            return Path.GetFullPath(path);
        }

        var candidates = roots.Select(root => Path.GetFullPath(path, root)).ToList();
        return candidates.FirstOrDefault(Path.Exists) ?? candidates.FirstOrDefault();
    }
}
