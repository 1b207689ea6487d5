using System.Runtime.CompilerServices;
using System.Text.Json;
using Exai.Core.Calls;
using Exai.Core.Tests.Calls;
using Exai.Core.Tools;
using Exai.Protocol;

namespace Exai.Core.Tests.Tools;

/// <summary>docs/tools.md and the definitions say the same; its examples work.</summary>
public sealed class ToolDocumentsTests
{
    [Fact]
    public void Documents_are_those_of_the_definitions()
    {
        var path = Path.Combine(Root(), "docs", "tools.md");
        if (Environment.GetEnvironmentVariable("EXAI_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(path, ToolDocuments.Markdown());
        }

        File.Exists(path).ShouldBeTrue("docs/tools.md is missing; run these tests with EXAI_UPDATE_DOCS=1");
        File.ReadAllText(path).ReplaceLineEndings("\n").ShouldBe(ToolDocuments.Markdown());
    }

    [Fact]
    public void Each_tool_has_an_example_that_it_accepts()
    {
        foreach (var tool in ToolCatalogue.All)
        {
            ToolDocuments.Examples.ContainsKey(tool.Name).ShouldBeTrue(tool.Name);
            Should.NotThrow(() => new ToolArguments(tool.Name, JsonElement.Parse(ToolDocuments.Examples[tool.Name])).Check(tool), tool.Name);
        }
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("thinkdeep")]
    [InlineData("debug")]
    [InlineData("codereview")]
    [InlineData("analyze")]
    [InlineData("refactor")]
    [InlineData("secaudit")]
    [InlineData("testgen")]
    [InlineData("precommit")]
    [InlineData("planner")]
    [InlineData("tracer")]
    [InlineData("docgen")]
    [InlineData("consensus")]
    public void Example_of_a_conversation_tool_succeeds(string tool) => CallWorld.Run(async world =>
    {
        var outcome = await world.Start().AskAsync(world.Call(tool, JsonElement.Parse(ToolDocuments.Examples[tool])));

        outcome.State.ShouldBe(CallState.Succeeded, outcome.Text);
    });

    private static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
