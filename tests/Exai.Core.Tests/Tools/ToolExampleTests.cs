using System.Text.Json;
using Exai.Core.Calls;
using Exai.Core.Tests.Calls;
using Exai.Core.Tools;
using Exai.Protocol;
using Exai.Testing.Tools;

namespace Exai.Core.Tests.Tools;

/// <summary>The examples of docs/tools.md.</summary>
public sealed class ToolExampleTests
{
    [Fact]
    public void Each_tool_has_an_example_that_it_accepts()
    {
        foreach (var tool in ToolCatalogue.All)
        {
            ToolExamples.Arguments.ContainsKey(tool.Name).ShouldBeTrue(tool.Name);
            Should.NotThrow(() => new ToolArguments(tool.Name, JsonElement.Parse(ToolExamples.Arguments[tool.Name])).Check(tool), tool.Name);
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
        var outcome = await world.Start().AskAsync(world.Call(tool, JsonElement.Parse(ToolExamples.Arguments[tool])));

        outcome.State.ShouldBe(CallState.Succeeded, outcome.Text);
    });
}
