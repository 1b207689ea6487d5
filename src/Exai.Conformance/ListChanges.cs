using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Conformance;

/// <summary>
/// Tools that tell those who listen that a list has changed. Its entries stay, so that whoever compares lists meanwhile finds them the same.
/// </summary>
internal static class ListChanges
{
    public static FixtureTool[] Triggers(Listed<McpServerTool> tools, Listed<McpServerPrompt> prompts) =>
    [
        new("test_trigger_tool_change", "Tells that the list of tools has changed.", _ => Tell(tools)),
        new("test_trigger_prompt_change", "Tells that the list of prompts has changed.", _ => Tell(prompts)),
    ];

    private static CallToolResult Tell<T>(Listed<T> list)
        where T : IMcpServerPrimitive
    {
        list.TellChanged();
        return FixtureTool.Text("Mutation triggered");
    }

    internal sealed class Listed<T> : McpServerPrimitiveCollection<T>
        where T : IMcpServerPrimitive
    {
        public void TellChanged() => RaiseChanged();
    }
}
