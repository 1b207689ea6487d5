using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Conformance;

/// <summary>Tools that change the lists of tools and prompts, so that those who listen are told.</summary>
internal sealed class ListChanges(McpServerPrimitiveCollection<McpServerTool> tools, McpServerPrimitiveCollection<McpServerPrompt> prompts)
{
    private readonly FixtureTool _tool = new("test_dynamic_tool", "Comes and goes.", _ => FixtureTool.Text("Here."));
    private readonly FixturePrompt _prompt = new("test_dynamic_prompt", "Comes and goes.", [], _ => [Samples.Text("Here.")]);

    public FixtureTool[] Triggers =>
    [
        new("test_trigger_tool_change", "Changes the list of tools.", _ => Toggle(tools, _tool)),
        new("test_trigger_prompt_change", "Changes the list of prompts.", _ => Toggle(prompts, _prompt)),
    ];

    private static CallToolResult Toggle<T>(McpServerPrimitiveCollection<T> list, T entry)
        where T : IMcpServerPrimitive
    {
        if (!list.Remove(entry))
        {
            list.TryAdd(entry);
        }

        return FixtureTool.Text("Mutation triggered");
    }
}
