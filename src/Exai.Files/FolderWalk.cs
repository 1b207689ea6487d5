using Exai.Protocol;

namespace Exai.Files;

/// <summary>The files of a folder, near ones first, in the order of their names. Links are not followed.</summary>
internal static class FolderWalk
{
    /// <summary>A folder with more entries than this is not looked through to its end.</summary>
    private const int MostEntries = 50_000;

    /// <param name="folder">A real path.</param>
    /// <param name="leftOut">Told of what is not in the result although nobody ignores it.</param>
    public static IEnumerable<string> Files(string folder, FileGate gate, Action<string, string> leftOut, CancellationToken cancellationToken)
    {
        var root = gate.Workspace.Roots.Where(root => PathRules.IsWithin(folder, root)).MaxBy(root => root.Length) ?? folder;
        var left = MostEntries;
        var folders = new Queue<(string Folder, IgnoreRules Rules)>([(folder, IgnoreRules.In(folder, root, gate))]);
        while (folders.TryDequeue(out var next))
        {
            foreach (var entry in Entries(next.Folder, leftOut))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (left-- == 0)
                {
                    leftOut(folder, $"{ErrorCodes.FileTooLarge}: The folder has more than {MostEntries:N0} entries; the rest was not looked at.");
                    yield break;
                }

                var isFolder = entry is DirectoryInfo;
                if (next.Rules.Ignores(entry.FullName, isFolder))
                {
                    continue;
                }

                if (entry.LinkTarget is not null)
                {
                    leftOut(entry.FullName, $"{ErrorCodes.FileDenied}: It is a link; links in a folder are not followed. Name the file itself.");
                }
                else if (isFolder)
                {
                    folders.Enqueue((entry.FullName, next.Rules.Within(entry.FullName, gate)));
                }
                else
                {
                    yield return entry.FullName;
                }
            }
        }
    }

    private static FileSystemInfo[] Entries(string folder, Action<string, string> leftOut)
    {
        try
        {
            return [.. new DirectoryInfo(folder).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            leftOut(folder, $"{ErrorCodes.FileNotFound}: The folder cannot be read: {failure.Message}");
            return [];
        }
    }
}
