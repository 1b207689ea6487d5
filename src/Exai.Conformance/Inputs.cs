using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Exai.Conformance;

/// <summary>What a server asks of its client in place of an answer, and what the client's next request brings.</summary>
internal static class Inputs
{
    /// <summary>A form with one field.</summary>
    public static InputRequest Form(string message, string field, string type = "string") => InputRequest.ForElicitation(new ElicitRequestParams
    {
        Message = message,
        RequestedSchema = JsonSerializer.Deserialize<ElicitRequestParams.RequestSchema>(
            $$"""{ "type": "object", "properties": { "{{field}}": { "type": "{{type}}" } }, "required": ["{{field}}"] }""", McpJsonUtilities.DefaultOptions)!,
    });

    public static InputRequest Question(string text) => InputRequest.ForSampling(new CreateMessageRequestParams
    {
        Messages = [new SamplingMessage { Role = Role.User, Content = [Samples.Text(text)] }],
        MaxTokens = 100,
    });

    public static InputRequest Roots => InputRequest.ForRootsList(new ListRootsRequestParams());

    /// <summary>Answers the request with these questions.</summary>
    public static InputRequiredException Ask(string? state, params IEnumerable<(string Key, InputRequest Request)> questions) =>
        new(questions.ToDictionary(question => question.Key, question => question.Request, StringComparer.Ordinal), state is null ? null : SealedState.Seal(state));

    /// <summary>A form's field, as the client filled it in; null when that answer is missing, or none.</summary>
    public static string? Field(RequestParams request, string key, string field) =>
        Answer(request, key) is { } answer && Member(answer, "content") is { } content && Member(content, field) is { } value ? value.ToString() : null;

    /// <summary>What the client's model said; null when that answer is missing, or none.</summary>
    public static string? Said(RequestParams request, string key) =>
        Answer(request, key) is { } answer && Member(answer, "content") is { } content && Member(content, "text") is { } text ? text.ToString() : null;

    /// <summary>How many folders the client works in; null when that answer is missing, or none.</summary>
    public static int? Folders(RequestParams request, string key) =>
        Answer(request, key) is { } answer && Member(answer, "roots") is { ValueKind: JsonValueKind.Array } roots ? roots.GetArrayLength() : null;

    private static JsonElement? Answer(RequestParams request, string key) => request.InputResponses?.TryGetValue(key, out var response) == true ? response.RawValue : null;

    private static JsonElement? Member(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) ? member : null;
}
