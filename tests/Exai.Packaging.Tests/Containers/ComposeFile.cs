using YamlDotNet.RepresentationModel;

namespace Exai.Packaging.Tests.Containers;

/// <summary>The one service of <c>deploy/compose.yaml</c>.</summary>
internal sealed class ComposeFile
{
    public const string Path = "deploy/compose.yaml";

    private ComposeFile(YamlMappingNode root) => Root = root;

    public YamlMappingNode Root { get; }

    public YamlMappingNode Service => (YamlMappingNode)Root["services"]["exai"];

    public static ComposeFile Read() => new(Yaml.Read(Path));

    public string Text(string name) => ((YamlScalarNode)Service[name]).Value!;

    public IReadOnlyList<string> List(string name) => [.. ((YamlSequenceNode)Service[name]).Select(item => ((YamlScalarNode)item).Value!)];
}

internal static class Yaml
{
    /// <summary>A file with one document; a name that stands twice in it is an error.</summary>
    public static YamlMappingNode Read(string path) => ReadAll(path).Single();

    /// <summary>All documents of a file.</summary>
    public static IReadOnlyList<YamlMappingNode> ReadAll(string path)
    {
        using var reader = new StreamReader(RepositoryFiles.Find(path));
        var stream = new YamlStream();
        stream.Load(reader);
        return [.. stream.Documents.Select(document => (YamlMappingNode)document.RootNode)];
    }

    public static IEnumerable<string> Names(this YamlMappingNode node) => node.Children.Keys.Select(key => ((YamlScalarNode)key).Value!);

    public static YamlNode? Find(this YamlMappingNode node, string name) => node.Children.TryGetValue(new YamlScalarNode(name), out var found) ? found : null;

    public static string Text(this YamlNode node) => ((YamlScalarNode)node).Value!;
}
