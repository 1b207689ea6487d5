using System.Text.Encodings.Web;
using System.Text.Json;
using Exai.Core.Providers.Streaming;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>
/// Writes the <c>messages</c> array. Messages with neither text nor images nor tool calls are dropped: a filtered answer leaves one
/// behind, and providers refuse it.
/// </summary>
internal static class MessageWriter
{
    private const string NoOutput = "(no output)";

    private static readonly JsonSerializerOptions Compact =
        new(AIJsonUtilities.DefaultOptions) { WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(Utf8JsonWriter json, IReadOnlyList<ChatMessage> messages, MessageRules rules)
    {
        // Ids may repeat over the turns of a conversation; a result belongs to the last call before it.
        var functions = new Dictionary<string, string>(StringComparer.Ordinal);
        json.WriteStartArray("messages");
        foreach (var message in messages)
        {
            foreach (var call in Calls(message))
                functions[call.CallId] = call.Name;
            foreach (var result in message.Contents.OfType<FunctionResultContent>())
                WriteResult(json, result, functions, rules);
            if (IsSent(message))
                WriteMessage(json, message, rules);
        }

        json.WriteEndArray();
    }

    /// <summary>Whether anything of the message is left to send, tool results aside.</summary>
    public static bool IsSent(ChatMessage message) =>
        !string.IsNullOrWhiteSpace(message.Text) || message.Contents.Any(content => content is DataContent or UriContent or FunctionCallContent);

    /// <summary>The text of a message's reasoning; null when it has none, which is not the same as an empty one.</summary>
    public static string? Reasoning(ChatMessage message)
    {
        var parts = message.Contents.OfType<TextReasoningContent>().ToList();
        return parts.Count == 0 ? null : string.Concat(parts.Select(part => part.Text));
    }

    public static IEnumerable<FunctionCallContent> Calls(ChatMessage message) => message.Contents.OfType<FunctionCallContent>();

    private static void WriteMessage(Utf8JsonWriter json, ChatMessage message, MessageRules rules)
    {
        var calls = Calls(message).ToList();
        json.WriteStartObject();
        json.WriteString("role", message.Role.Value);
        if (message.Contents.Any(content => content is DataContent or UriContent))
            WriteParts(json, message);
        else if (calls.Count == 0 || !rules.OmitsBlankText || !string.IsNullOrWhiteSpace(message.Text))
            json.WriteString("content", message.Text);

        if (message.Role == ChatRole.Assistant)
            WriteReasoning(json, message, calls.Count > 0, rules);
        if (calls.Count > 0)
            WriteCalls(json, calls, rules);
        json.WriteEndObject();
    }

    private static void WriteReasoning(Utf8JsonWriter json, ChatMessage message, bool calls, MessageRules rules)
    {
        if (rules.Reasoning == ReasoningReturn.None || (rules.Reasoning == ReasoningReturn.ToolCalls && !calls))
            return;
        if ((Reasoning(message) ?? (calls && rules.FillsMissingReasoning ? "" : null)) is { } reasoning)
            json.WriteString(rules.ReasoningMember, reasoning);
    }

    private static void WriteCalls(Utf8JsonWriter json, List<FunctionCallContent> calls, MessageRules rules)
    {
        json.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            json.WriteStartObject();
            json.WriteString("id", Id(call.CallId, rules));
            json.WriteString("type", Property(call, ToolCallAssembler.TypeKey) ?? "function");
            json.WriteStartObject("function");
            json.WriteString("name", call.Name);
            json.WriteString("arguments", Arguments(call));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteResult(Utf8JsonWriter json, FunctionResultContent result, Dictionary<string, string> functions, MessageRules rules)
    {
        json.WriteStartObject();
        json.WriteString("role", ChatRole.Tool.Value);
        json.WriteString("tool_call_id", Id(result.CallId, rules));
        if (rules.NamesToolResults && functions.GetValueOrDefault(result.CallId) is { } name)
            json.WriteString("name", name);
        var text = result.Result switch
        {
            null => result.Exception is null ? "" : "The tool failed.",
            string plain => plain,
            JsonElement { ValueKind: JsonValueKind.String } element => element.GetString() ?? "",
            JsonElement element => element.GetRawText(),
            var other => JsonSerializer.Serialize(other, Compact.GetTypeInfo(other.GetType())),
        };
        // An empty message is refused, and tells the model nothing.
        json.WriteString("content", string.IsNullOrWhiteSpace(text) ? NoOutput : text);
        json.WriteEndObject();
    }

    /// <summary>As the model wrote them, where that is known: a provider that compares them wants the very characters.</summary>
    private static string Arguments(FunctionCallContent call) =>
        Property(call, ToolCallAssembler.ArgumentsKey)
        ?? JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>(StringComparer.Ordinal), Compact.GetTypeInfo(typeof(IDictionary<string, object?>)));

    private static string? Property(FunctionCallContent call, string key) => call.AdditionalProperties?.GetValueOrDefault(key) as string;

    private static string Id(string id, MessageRules rules) => id.Length > rules.LongestCallId ? id[..rules.LongestCallId] : id;

    private static void WriteParts(Utf8JsonWriter json, ChatMessage message)
    {
        json.WriteStartArray("content");
        foreach (var content in message.Contents)
        {
            switch (content)
            {
                case TextContent { Text.Length: > 0 } text:
                    json.WriteStartObject();
                    json.WriteString("type", "text");
                    json.WriteString("text", text.Text);
                    json.WriteEndObject();
                    break;
                case DataContent data:
                    WriteImage(json, data.Uri);
                    break;
                case UriContent link:
                    // As it was given: a normalised address may not be the one that was signed.
                    WriteImage(json, link.Uri.OriginalString);
                    break;
            }
        }

        json.WriteEndArray();
    }

    private static void WriteImage(Utf8JsonWriter json, string url)
    {
        json.WriteStartObject();
        json.WriteString("type", "image_url");
        json.WriteStartObject("image_url");
        json.WriteString("url", url);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
