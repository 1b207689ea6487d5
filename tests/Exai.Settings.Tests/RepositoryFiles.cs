namespace Exai.Settings.Tests;

/// <summary>Files of the repository that the registry writes.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = FindRoot();

    /// <summary>Compares the file with what the registry makes of it, or rewrites it when EXAI_UPDATE_DOCS is 1.</summary>
    public static void ShouldBe(string relativePath, string expected)
    {
        var path = Path.Combine(Root, relativePath);
        if (Environment.GetEnvironmentVariable("EXAI_UPDATE_DOCS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, expected);
        }

        File.Exists(path).ShouldBeTrue($"{relativePath} is missing; run these tests with EXAI_UPDATE_DOCS=1");
        File.ReadAllText(path).ReplaceLineEndings("\n").ShouldBe(expected, $"{relativePath} is behind the registry; run these tests with EXAI_UPDATE_DOCS=1");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Exai.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
