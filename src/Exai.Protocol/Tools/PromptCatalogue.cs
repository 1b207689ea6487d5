using System.Text.Json.Nodes;

namespace Exai.Protocol;

/// <summary>
/// The MCP prompts (slash commands): one for each tool that a client has, and <c>continue</c>. They cost no context until they are used.
/// </summary>
public static class PromptCatalogue
{
    /// <summary>The one argument of every prompt.</summary>
    public const string Argument = "request";

    private const string Continue = "continue";

    /// <summary>The result of <c>prompts/list</c>.</summary>
    public static JsonObject ListResult(IEnumerable<ToolDescriptor> tools) => new()
    {
        ["prompts"] = new JsonArray(
        [
            .. tools.OrderBy(tool => tool.Name, StringComparer.Ordinal).Select(tool => (JsonNode)Entry(tool.Name, tool.Title, tool.Description)),
            Entry(Continue, "Continue", "Go on with the last conversation that was held through EXAI."),
        ]),
    };

    /// <summary>The result of <c>prompts/get</c>; null for a name that is no prompt's.</summary>
    /// <param name="request">What the user wrote behind the command; null for nothing.</param>
    public static JsonObject? GetResult(IEnumerable<ToolDescriptor> tools, string name, string? request)
    {
        var wish = string.IsNullOrWhiteSpace(request) ? "what we are working on now" : $"this request: {request.Trim()}";
        if (name == Continue)
        {
            return Message(
                "Go on with the last EXAI conversation.",
                $"Call the EXAI tool you used last (chat if none) with the continuation_id of its last answer, for {wish}. If no answer with a continuation_id is in sight, say so and begin a new one.");
        }

        var known = ToolNames.Canonical(name);
        return tools.FirstOrDefault(tool => tool.Name == known) is { } found
            ? Message(found.Description, $"Use the EXAI tool {found.Name} for {wish}{Hint(found)}")
            : null;
    }

    private static string Hint(ToolDescriptor tool) => tool.Find("next_step_required") is null || tool.Find("models") is not null
        ? ""
        : "\n\nInvestigate with your own means between its steps, tell it what you found, keep to the continuation_id it returns, and set next_step_required to false in the last step.";

    private static JsonObject Entry(string name, string title, string description) => new()
    {
        ["name"] = name,
        ["title"] = title,
        ["description"] = description,
        ["arguments"] = new JsonArray(new JsonObject { ["name"] = Argument, ["description"] = "What it is about" }),
    };

    private static JsonObject Message(string description, string text) => new()
    {
        ["description"] = description,
        ["messages"] = new JsonArray(new JsonObject
        {
            ["role"] = "user",
            ["content"] = new JsonObject { ["type"] = "text", ["text"] = text },
        }),
    };
}
