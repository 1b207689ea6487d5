namespace Exai.Files;

/// <summary>
/// The folders whose files a call may name: what the client calls its workspace (MCP roots), else the shim's working directory if it lies in
/// a project; and what the settings add. Never a whole disk, a home or a system folder, unless the settings name it.
/// </summary>
/// <param name="Roots">Links resolved, absolute; the first is where relative paths begin.</param>
/// <param name="Why">For the refusal of a path outside: where the roots come from, or why there are none and what to do.</param>
internal sealed record Workspace(IReadOnlyList<string> Roots, string Why)
{
    private static readonly string[] ProjectMarkers =
    [
        ".git", ".hg", ".svn", ".jj", ".fslckout", "package.json", "pyproject.toml", "setup.py", "requirements.txt", "Cargo.toml", "go.mod", "pom.xml",
        "build.gradle", "build.gradle.kts", "Gemfile", "composer.json", "CMakeLists.txt", "Makefile", "meson.build", "mix.exs", "deno.json", "pubspec.yaml",
        "Package.swift", "build.sbt", "stack.yaml", "flake.nix", "WORKSPACE", "MODULE.bazel", ".vscode", ".idea",
    ];

    private static readonly string[] ProjectEndings = [".sln", ".slnx", ".csproj", ".fsproj", ".vbproj", ".cabal", ".code-workspace", ".xcodeproj"];

    /// <param name="clientRoots">What the client answered to <c>roots/list</c>; null when it offers no roots.</param>
    /// <param name="workingDirectory">The shim's.</param>
    /// <param name="allowed">EXAI_ALLOWED_ROOTS.</param>
    public static Workspace Of(IReadOnlyList<string>? clientRoots, string workingDirectory, IReadOnlyList<string> allowed)
    {
        List<string> roots = [.. Real(clientRoots ?? []).Where(root => !WideFolders.Contains(root))];
        var why = roots.Count > 0 ? "the client's roots" : "the client's workspace";
        if (roots.Count == 0 && ProjectOf(workingDirectory) is { } project)
        {
            roots.Add(project);
        }

        roots.AddRange(Real(allowed));
        return roots.Count == 0
            ? None("there is no workspace. The client names none, and it was not started inside a project. Set EXAI_ALLOWED_ROOTS to the folders that tools may read.")
            : new Workspace([.. roots.Distinct(PathRules.Comparer)], allowed.Count > 0 ? why + " and EXAI_ALLOWED_ROOTS" : why);
    }

    /// <summary>For a client whose project nobody knows: what the settings name, and nothing else.</summary>
    /// <param name="clientRoots">Where relative paths begin, as far as they lie in what the settings name; they allow nothing.</param>
    /// <param name="allowed">EXAI_ALLOWED_ROOTS.</param>
    public static Workspace OfSettings(IReadOnlyList<string> clientRoots, IReadOnlyList<string> allowed)
    {
        List<string> roots = [.. Real(allowed)];
        if (roots.Count == 0)
        {
            return None(allowed.Count == 0
                ? "over HTTP only files in EXAI_ALLOWED_ROOTS are read, and it is not set. Set it to the folders that tools may read and restart the daemon, or connect the client by 'exai shim'."
                : $"over HTTP only files in EXAI_ALLOWED_ROOTS are read, and none of its folders exists: {string.Join(", ", allowed)}. Mend it and restart the daemon.");
        }

        var first = Real(clientRoots).Where(folder => roots.Any(root => PathRules.IsWithin(folder, root)));
        return new Workspace([.. first.Concat(roots).Distinct(PathRules.Comparer)], "EXAI_ALLOWED_ROOTS");
    }

    /// <param name="why">Why there is none, and what to do.</param>
    public static Workspace None(string why) => new([], why);

    public bool Contains(string realPath) => Roots.Any(root => PathRules.IsWithin(realPath, root));

    /// <summary>As a model should read it: relative to the root that holds it, after that root's name where there are several.</summary>
    public string Shown(string realPath)
    {
        if (Roots.Where(root => PathRules.IsWithin(realPath, root)).MaxBy(root => root.Length) is not { } root || PathRules.Same(realPath, root))
        {
            return realPath;
        }

        var relative = Path.GetRelativePath(root, realPath).Replace('\\', '/');
        return Roots.Count == 1 ? relative : $"{Path.GetFileName(root)}/{relative}";
    }

    private static IEnumerable<string> Real(IReadOnlyList<string> folders) => folders.Select(RealPath.Of).OfType<string>();

    /// <summary>The project's own folder, not only the part of it that the client was started in; null outside of any.</summary>
    private static string? ProjectOf(string workingDirectory)
    {
        var nearest = default(string);
        for (var folder = RealPath.Of(workingDirectory); folder is not null && !WideFolders.Contains(folder); folder = Path.GetDirectoryName(folder))
        {
            if (Path.Exists(Path.Combine(folder, ".git")))
            {
                return folder;
            }

            nearest ??= HasMarker(folder) ? folder : null;
        }

        return nearest;
    }

    private static bool HasMarker(string folder)
    {
        try
        {
            return ProjectMarkers.Any(marker => Path.Exists(Path.Combine(folder, marker)))
                || Directory.EnumerateFileSystemEntries(folder).Any(entry => ProjectEndings.Any(ending => entry.EndsWith(ending, StringComparison.OrdinalIgnoreCase)));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

/// <summary>Folders that are nobody's workspace, whoever says so.</summary>
internal static class WideFolders
{
    /// <summary>Too wide themselves; a project may lie below.</summary>
    private static readonly string[] TooWide =
    [
        "/", "/home", "/Users", "/root", "/var", "/var/lib", "/tmp", "/var/tmp", "/opt", "/mnt", "/media", "/srv", "/run", "/Volumes", "/private", "/private/var",
        "/private/tmp", "/usr", "/usr/src", "/usr/local", "/usr/local/src",
    ];

    /// <summary>With everything below.</summary>
    private static readonly string[] System =
    [
        "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/boot", "/dev", "/proc", "/sys", "/System", "/Library", "/private/etc",
        "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/usr/include", "/usr/share", "/var/log", "/var/run", "/var/spool",
    ];

    public static bool Contains(string realPath) =>
        PathRules.Same(realPath, Path.GetPathRoot(realPath) ?? realPath)
        || Homes().Any(home => PathRules.Same(realPath, home))
        || IsAnyHome(realPath)
        || TooWide.Any(folder => PathRules.Same(realPath, folder))
        || System.Concat(WindowsFolders()).Any(folder => PathRules.IsWithin(realPath, folder));

    private static IEnumerable<string> Homes() =>
        new[] { Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), Environment.GetEnvironmentVariable("HOME") }
            .Where(home => !string.IsNullOrEmpty(home)).Select(home => RealPath.Of(home!) ?? home!);

    private static bool IsAnyHome(string realPath) => Path.GetDirectoryName(realPath) is { } parent
        && (parent is "/home" or "/Users" || (OperatingSystem.IsWindows() && Path.GetFileName(parent).Equals("Users", StringComparison.OrdinalIgnoreCase)
            && PathRules.Same(Path.GetDirectoryName(parent) ?? "", Path.GetPathRoot(parent) ?? "")));

    private static IEnumerable<string> WindowsFolders() =>
        new[] { Environment.SpecialFolder.Windows, Environment.SpecialFolder.ProgramFiles, Environment.SpecialFolder.ProgramFilesX86, Environment.SpecialFolder.CommonApplicationData }
            .Where(_ => OperatingSystem.IsWindows()).Select(Environment.GetFolderPath).Where(folder => folder.Length > 0);
}
