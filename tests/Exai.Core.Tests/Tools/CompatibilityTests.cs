using System.Text.Json.Nodes;
using Exai.Core.Tools;
using Exai.Protocol;
using Exai.Testing.Tools;
using System.Text.Json;

namespace Exai.Core.Tests.Tools;

/// <summary>Callers of the predecessor go on: every name and argument of it is accepted, advertised or not.</summary>
public sealed class CompatibilityTests
{
    [Theory]
    [MemberData(nameof(PredecessorTools.Arguments), MemberType = typeof(PredecessorTools))]
    public void Every_argument_of_old_is_accepted(string tool, string arguments)
    {
        var descriptor = ToolCatalogue.Find(tool).ShouldNotBeNull();
        var given = new JsonObject();
        foreach (var argument in arguments.ReplaceLineEndings(" ").Split(", "))
        {
            var (name, type) = (argument.Split(' ')[0], argument.Split(' ')[1]);
            var parameter = descriptor.Find(name).ShouldNotBeNull($"{tool} does not know {name}");
            given[name] = type switch
            {
                "string" => parameter.Choices?[0] ?? "text",
                "boolean" => true,
                "integer" => 12,
                "number" => 0.5,
                "string[]" => new JsonArray("text"),
                "object[]" => new JsonArray(new JsonObject()),
                _ => "text",
            };
        }

        Should.NotThrow(() => new ToolArguments(tool, JsonSerializer.SerializeToElement(given)).Check(descriptor));
    }

    [Theory]
    [MemberData(nameof(PredecessorTools.Values), MemberType = typeof(PredecessorTools))]
    public void Every_value_of_old_is_understood(string tool, string argument, string values)
    {
        var parameter = ToolCatalogue.Find(tool)!.Find(argument)!;
        foreach (var value in values.Split(' '))
        {
            var given = new JsonObject { [argument] = value };
            parameter.Choices!.ShouldContain(new ToolArguments(tool, JsonSerializer.SerializeToElement(given)).Choice(parameter)!);
        }
    }

    [Theory]
    [InlineData("chat_EXAI-WS", "chat")]
    [InlineData("debug-EXAI-WS", "debug")]
    [InlineData("codereview_EXAI_WS", "codereview")]
    [InlineData("planner-EXAI_WS", "planner")]
    [InlineData("Chat_exai-ws", "chat")]
    [InlineData("deepthink", "thinkdeep")]
    [InlineData("deepthink_EXAI-WS", "thinkdeep")]
    [InlineData("self_check", "self-check")]
    [InlineData("kimi_upload_and_extract", "kimi_upload_files")]
    [InlineData("nothing_EXAI-WS", "nothing")]
    [InlineData("_EXAI-WS", "_EXAI-WS")]
    public void Names_of_old_lead_to_their_tools(string given, string tool) => ToolNames.Canonical(given).ShouldBe(tool);

    [Fact]
    public void What_is_left_out_is_left_out_on_purpose() =>
        PredecessorDifferences.Absent.Keys.ShouldAllBe(name => ToolCatalogue.Find(ToolNames.Canonical(name)) == null);

    [Fact]
    public void What_is_ignored_is_ignored_for_a_reason()
    {
        var ignored = ToolCatalogue.All.SelectMany(tool => tool.Parameters).Where(parameter => parameter.Ignored).Select(parameter => parameter.Name).Distinct();

        ignored.Order(StringComparer.Ordinal).ShouldBe(PredecessorDifferences.Ignored.Keys.Order(StringComparer.Ordinal));
    }
}
