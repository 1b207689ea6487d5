using System.Text;
using System.Text.RegularExpressions;

namespace Exai.Packaging.Tests.Documents;

/// <summary>One command line of <c>exai</c> that a document shows.</summary>
/// <param name="Document">Its path in the repository.</param>
/// <param name="Text">As it stands there, from <c>exai</c> on, without a comment.</param>
internal sealed partial record DocumentedCommand(string Document, string Text)
{
    /// <summary>All of README, package page, security page and docs: in code fences for a shell, and in the running text.</summary>
    public static IReadOnlyList<DocumentedCommand> All()
    {
        string[] documents =
        [
            "README.md", "SECURITY.md", "CONTRIBUTING.md", "src/Exai/package.md",
            .. Directory.EnumerateFiles(RepositoryFiles.Find("docs"), "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                .Select(file => Path.GetRelativePath(RepositoryFiles.Root, file)),
        ];
        return [.. documents.SelectMany(InDocument).DistinctBy(command => command.Text)];
    }

    /// <summary>Its words after <c>exai</c>, as a shell takes them apart.</summary>
    public IReadOnlyList<string> Arguments()
    {
        var words = new List<string>();
        foreach (Match word in Word().Matches(Text))
        {
            var plain = new StringBuilder();
            foreach (Match part in Part().Matches(word.Value))
            {
                plain.Append(part.Groups["quoted"].Success ? part.Groups["quoted"].Value : part.Groups["double"].Success ? part.Groups["double"].Value
                    : part.Groups["escaped"].Success ? part.Groups["escaped"].Value : part.Value);
            }

            words.Add(plain.ToString());
        }

        return words[1..];
    }

    public override string ToString() => $"{Document}: {Text}";

    private static IEnumerable<DocumentedCommand> InDocument(string document)
    {
        var text = RepositoryFiles.Read(document);
        var fenced = Fence().Matches(text).Where(fence => fence.Groups["language"].Value is "sh" or "").SelectMany(fence => fence.Groups["text"].Value.Split('\n')).Select(line => FencedCommand().Match(line)).Where(match => match.Success);
        var inline = InlineCommand().Matches(Fence().Replace(text, ""));
        return fenced.Concat(inline).Select(match => new DocumentedCommand(document, "exai" + match.Groups["arguments"].Value.TrimEnd()));
    }

    [GeneratedRegex(@"^ *```(?<language>[a-z]*)\n(?<text>.*?)^ *```", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Fence();

    /// <summary>From the beginning of a line, through a path, from the sources, or in the container; up to a comment.</summary>
    [GeneratedRegex(@"^ *(\S*/|dotnet run --project src/Exai -c Release -- |docker compose \S+ \S+ exec exai )?(exai|(?<=-- ))(?<arguments>( (?!#)('[^']*'|""[^""]*""|[^\s#])+)+)", RegexOptions.ExplicitCapture)]
    private static partial Regex FencedCommand();

    [GeneratedRegex(@"`[^`\s]*?\bexai(?<arguments> [a-z][^`&]*)", RegexOptions.ExplicitCapture)]
    private static partial Regex InlineCommand();

    [GeneratedRegex(@"('[^']*'|""[^""]*""|\\.|\S)+", RegexOptions.ExplicitCapture)]
    private static partial Regex Word();

    [GeneratedRegex(@"'(?<quoted>[^']*)'|""(?<double>[^""]*)""|\\(?<escaped>.)|.", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Part();
}
