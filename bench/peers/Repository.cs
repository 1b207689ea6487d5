namespace Exai.Peers;

/// <summary>Where this program was built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Node => Path.Combine(Root, "bench", "peers", "node");

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Exai.slnx")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No Exai.slnx above {AppContext.BaseDirectory}: run this from a clone of the repository.");
    }
}
