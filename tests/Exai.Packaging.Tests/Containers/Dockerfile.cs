namespace Exai.Packaging.Tests.Containers;

/// <summary>The instructions of <c>deploy/Dockerfile</c>, continued lines joined, comments left out.</summary>
internal sealed class Dockerfile
{
    public const string Path = "deploy/Dockerfile";

    private Dockerfile(IReadOnlyList<(string Instruction, string Arguments)> lines) => Lines = lines;

    public IReadOnlyList<(string Instruction, string Arguments)> Lines { get; }

    /// <summary>What follows the last <c>FROM</c>: the image that runs.</summary>
    public IReadOnlyList<(string Instruction, string Arguments)> LastStage =>
        [.. Lines.Reverse().TakeWhile(line => line.Instruction != "FROM").Reverse()];

    /// <summary>The variables that the image sets.</summary>
    public IReadOnlyDictionary<string, string> Environment => LastStage.Where(line => line.Instruction == "ENV")
        .SelectMany(line => line.Arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);

    public static Dockerfile Read()
    {
        var joined = string.Join('\n', File.ReadLines(RepositoryFiles.Find(Path)).Where(line => !line.StartsWith('#'))).Replace("\\\n", " ", StringComparison.Ordinal);
        return new Dockerfile([.. joined.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' ', 2)).Select(parts => (parts[0], parts[1].Trim()))]);
    }

    public IReadOnlyList<string> All(string instruction) => [.. Lines.Where(line => line.Instruction == instruction).Select(line => line.Arguments)];

    public string Last(string instruction) => LastStage.Last(line => line.Instruction == instruction).Arguments;
}
