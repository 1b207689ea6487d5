using System.Text.Json;
using Exai.Protocol;

namespace Exai.Core.Tools.Providers;

/// <summary>A conversation as a caller brings it: a text, or a list of texts and messages with a role.</summary>
/// <param name="SystemPrompt">Null when it brings none.</param>
/// <param name="History">What was asked and answered before, oldest first.</param>
internal sealed record BroughtConversation(string? SystemPrompt, IReadOnlyList<(string Question, string Answer)> History, string Prompt)
{
    /// <exception cref="CallException">INVALID_ARGUMENT: it cannot be understood, or does not end with a question.</exception>
    public static BroughtConversation Read(JsonElement? messages)
    {
        List<(string Role, string Text)> said = messages switch
        {
            { ValueKind: JsonValueKind.String } text => [("user", text.GetString()!)],
            { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(Message)],
            _ => throw Unreadable("it is neither a text nor a list"),
        };
        var system = string.Join("\n\n", said.Where(message => message.Role == "system").Select(message => message.Text));
        var history = new List<(string, string)>();
        var asked = new List<string>();
        foreach (var (role, text) in said.Where(message => message.Role != "system"))
        {
            if (role == "user")
            {
                asked.Add(text);
                continue;
            }

            history.Add((asked.Count > 0 ? string.Join("\n\n", asked) : "Go on.", text));
            asked.Clear();
        }

        return asked.Count > 0 && !asked.TrueForAll(string.IsNullOrWhiteSpace)
            ? new BroughtConversation(system.Length > 0 ? system : null, history, string.Join("\n\n", asked))
            : throw Unreadable("it does not end with a message of the user");
    }

    private static (string Role, string Text) Message(JsonElement message) => message.ValueKind switch
    {
        JsonValueKind.String => ("user", message.GetString()!),
        JsonValueKind.Object when Text(message, "role") is "system" or "user" or "assistant" && Text(message, "content") is { } text => (Text(message, "role")!, text),
        _ => throw Unreadable("an entry is neither a text nor {role, content} with the role system, user or assistant and a text as content"),
    };

    private static string? Text(JsonElement message, string name) =>
        message.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static CallException Unreadable(string why) =>
        ToolArguments.Invalid($"'messages' cannot be used: {why}. Give the question as a text, or [{{\"role\":\"user\",\"content\":\"...\"}}].");
}
