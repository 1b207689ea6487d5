using System.Text.Json.Nodes;

namespace Exai.Cli.Commands;

/// <summary>
/// The files of <c>exai ask --file</c>. Whoever names a file on the command line lets it be read, so each is a root of its own; secrets are refused
/// all the same.
/// </summary>
internal sealed record AskedFiles(IReadOnlyList<string> Files, IReadOnlyList<string> Images)
{
    private static readonly string[] ImageEndings = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"];

    public IReadOnlyList<string> Roots => [.. Files.Concat(Images).Select(path => new Uri(path).AbsoluteUri)];

    /// <param name="paths">As written, relative to the working directory.</param>
    public static AskedFiles Of(IEnumerable<string> paths)
    {
        var byKind = paths.Select(Path.GetFullPath).ToLookup(path => ImageEndings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase));
        return new AskedFiles([.. byKind[false]], [.. byKind[true]]);
    }

    public void AddTo(JsonObject arguments)
    {
        foreach (var (name, paths) in ((string, IReadOnlyList<string>)[])[("files", Files), ("images", Images)])
        {
            if (paths.Count > 0)
            {
                arguments[name] = new JsonArray([.. paths.Select(path => (JsonNode)path)]);
            }
        }
    }
}
