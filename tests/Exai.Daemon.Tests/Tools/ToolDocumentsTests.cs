using System.Runtime.CompilerServices;
using Exai.Protocol;
using Exai.Testing.Tools;

namespace Exai.Daemon.Tests.Tools;

/// <summary>docs/tools.md, the definitions, and what the tools answer say the same; EXAI_UPDATE_DOCS=1 writes it anew.</summary>
public sealed class ToolDocumentsTests
{
    [Fact]
    public async Task Documents_are_those_of_the_definitions_and_of_the_answers()
    {
        var answers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tool in ToolCatalogue.All)
        {
            answers[tool.Name] = await WorkedExamples.AnswerAsync(tool.Name);
        }

        var text = ToolDocuments.Markdown(answers);

        var path = Path.Combine(Root(), "docs", "tools.md");
        if (Environment.GetEnvironmentVariable("EXAI_UPDATE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(path, text, Patience.Token());
        }

        (await File.ReadAllTextAsync(path, Patience.Token())).ReplaceLineEndings("\n").ShouldBe(text);
    }

    private static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
