namespace Exai.Browser.Tests.Harness;

/// <summary>Where pictures go: those of a test run beside its results, for people to look at; those that the README shows to the repository.</summary>
internal static class Pictures
{
    private static readonly string Root = FindRoot();

    /// <summary>Not part of the repository.</summary>
    public static string Folder { get; } = Directory.CreateDirectory(Path.Combine(Root, "TestResults", "dashboard")).FullName;

    /// <summary>The README's, when EXAI_UPDATE_DOCS is 1, otherwise the folder of the run.</summary>
    public static string OfReadme { get; } =
        Environment.GetEnvironmentVariable("EXAI_UPDATE_DOCS") == "1" ? Directory.CreateDirectory(Path.Combine(Root, "docs", "pictures")).FullName : Folder;

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Exai.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? AppContext.BaseDirectory;
    }
}
