namespace Exai.Peers;

/// <summary>The peers' packages, pinned by their lock file.</summary>
internal static class Npm
{
    private static string Modules => Path.Combine(Repository.Node, "node_modules");

    /// <summary>Installs what is not there yet; scripts of packages are not run.</summary>
    public static Task InstallAsync() => File.Exists(Path.Combine(Modules, ".package-lock.json"))
        ? Task.CompletedTask
        : Children.RunAsync(Children.Command("npm", ["ci", "--prefix", Repository.Node, "--ignore-scripts", "--no-audit", "--no-fund"]));

    public static string Binary(string name) => Path.Combine(Modules, ".bin", name);

    public static string PathOf(string package, string path) => Path.Combine(Modules, package, path);
}
