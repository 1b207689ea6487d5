using System.Text.Json;

namespace Exai.Simulator.Answers;

/// <summary>What the simulator reads out of a chat body. A member of the wrong kind counts as missing: refusing is the dialect's matter.</summary>
internal sealed class ChatRequest
{
    public ChatRequest(JsonElement body)
    {
        Body = body;
        Messages = [.. Items(body, "messages").Where(message => message.ValueKind == JsonValueKind.Object)];
        var last = Messages.ToList().FindLastIndex(message => Text(message, "role") == "user");
        LastUserText = last < 0 ? "" : ContentText(Messages[last]);
        // System messages and tool results are not what a person would call earlier messages.
        EarlierMessages = Messages.Take(Math.Max(last, 0)).Count(message => Text(message, "role") is "user" or "assistant");
        HasToolResult = Messages.Skip(last + 1).Any(message => Text(message, "role") == "tool");
        PromptTokens = Messages.Sum(message => Tokens.Count(ContentText(message)));
        EarlierTokens = Messages.Take(Math.Max(last, 0)).Sum(message => Tokens.Count(ContentText(message)));
    }

    public JsonElement Body { get; }

    public IReadOnlyList<JsonElement> Messages { get; }

    public string Model => Text(Body, "model") ?? "";

    public bool Stream => Flag(Body, "stream");

    public bool IncludeUsage => Flag(Member(Body, "stream_options"), "include_usage");

    /// <summary><c>enabled</c>, <c>disabled</c>, or null when the request leaves it to the model.</summary>
    public string? Thinking => Text(Member(Body, "thinking"), "type");

    public string? ReasoningEffort => Text(Body, "reasoning_effort");

    /// <summary>The limit on reasoning and answer together, under either of its names.</summary>
    public int? MaxTokens =>
        (Number(Body, "max_completion_tokens") ?? Number(Body, "max_tokens")) is { } limit ? (int)Math.Clamp(limit, 0, int.MaxValue) : null;

    public string LastUserText { get; }

    public int EarlierMessages { get; }

    /// <summary>Whether a tool's result came in after the last user message, so that the model has to answer now.</summary>
    public bool HasToolResult { get; }

    public int PromptTokens { get; }

    /// <summary>Tokens of what stood before the last user message: the prefix that a cache may know.</summary>
    public int EarlierTokens { get; }

    public static JsonElement Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : default;

    public static IEnumerable<JsonElement> Items(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    public static string? Text(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    public static double? Number(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    public static bool Flag(JsonElement element, string name) => Member(element, name).ValueKind == JsonValueKind.True;

    /// <summary>A message's text, from a plain content or its text parts.</summary>
    public static string ContentText(JsonElement message) =>
        Text(message, "content") ?? string.Concat(Items(message, "content").Select(part => Text(part, "text")));
}
