namespace Exai.Browser.Tests.Harness;

/// <summary>Where the tests leave what they saw, for people to look at; not part of the repository.</summary>
internal static class Pictures
{
    public static string Folder { get; } = Directory.CreateDirectory(Path.Combine(Root(), "TestResults", "dashboard")).FullName;

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Exai.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? AppContext.BaseDirectory;
    }
}
