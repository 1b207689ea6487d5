using System.Text;
using Exai.Files;

namespace Exai.Testing.Files;

/// <summary>A project on the disk, and a folder beside it that nobody may read.</summary>
public sealed class TempProject : IDisposable
{
    private readonly DirectoryInfo _top = Directory.CreateTempSubdirectory("exai-files-");

    public TempProject()
    {
        Root = RealPath.Of(Directory.CreateDirectory(Path.Combine(_top.FullName, "project")).FullName)!;
        Outside = Directory.CreateDirectory(Path.Combine(_top.FullName, "outside")).FullName;
        Home = Directory.CreateDirectory(Path.Combine(Root, "exai-home")).FullName;
    }

    public string Root { get; }

    public string Outside { get; }

    /// <summary>EXAI's own folder, for once within the project.</summary>
    public string Home { get; }

    public string Write(string path, string text = "content\n") => Write(path, Encoding.UTF8.GetBytes(text));

    public string Write(string path, byte[] content)
    {
        var full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, content);
        return full;
    }

    public void Dispose() => _top.Delete(recursive: true);
}
