using System.Text.Json;
using Exai.Protocol;
using Exai.Shim.Files;

namespace Exai.Shim.Tests.Files;

/// <summary>A project on the disk, a folder beside it that nobody may read, and a collector for the project.</summary>
internal sealed class TempProject : IDisposable
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

    public FileGate Gate => new(Workspace.Of([Root], "/", []), Home);

    public string Write(string path, string text = "content\n") => Write(path, System.Text.Encoding.UTF8.GetBytes(text));

    public string Write(string path, byte[] content)
    {
        var full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, content);
        return full;
    }

    public Task<CollectedFiles> CollectAsync(params string[] paths) => CollectAsync("file", paths);

    public Task<CollectedFiles> CollectAsync(string kind, string[] paths, bool binary = false) => new FileCollector(Gate, new GitReader(new GitRunner())).CollectAsync(
        JsonSerializer.SerializeToElement(new { files = paths }), [new AttachWish("files", kind, binary)], CancellationToken.None);

    /// <summary>What a refused call is told.</summary>
    public async Task<string> DeniedAsync(params string[] paths)
    {
        var refusal = await Should.ThrowAsync<CallException>(() => CollectAsync(paths));
        refusal.Error.Code.ShouldBe(ErrorCodes.FileDenied);
        return refusal.Error.Message;
    }

    public void Dispose() => _top.Delete(recursive: true);
}
