using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Conformance;

/// <summary>Tools that ask their client while they run, by requests of the server: versions with a handshake have them.</summary>
internal static class AskingTools
{
    private const string Defaults = """
        {
          "type": "object",
          "properties": {
            "name": { "type": "string", "description": "User name", "default": "John Doe" },
            "age": { "type": "integer", "description": "User age", "default": 30 },
            "score": { "type": "number", "description": "User score", "default": 95.5 },
            "status": { "type": "string", "description": "User status", "enum": ["active", "inactive", "pending"], "default": "active" },
            "verified": { "type": "boolean", "description": "Verification status", "default": true }
          },
          "required": []
        }
        """;

    private const string Choices = """
        {
          "type": "object",
          "properties": {
            "untitledSingle": { "type": "string", "description": "Select one option", "enum": ["option1", "option2", "option3"] },
            "titledSingle": {
              "type": "string", "description": "Select one option with titles",
              "oneOf": [
                { "const": "value1", "title": "First Option" }, { "const": "value2", "title": "Second Option" }, { "const": "value3", "title": "Third Option" }
              ]
            },
            "legacyEnum": {
              "type": "string", "description": "Select one option (legacy)", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]
            },
            "untitledMulti": {
              "type": "array", "description": "Select multiple options", "minItems": 1, "maxItems": 3,
              "items": { "type": "string", "enum": ["option1", "option2", "option3"] }
            },
            "titledMulti": {
              "type": "array", "description": "Select multiple options with titles", "minItems": 1, "maxItems": 3,
              "items": {
                "anyOf": [
                  { "const": "value1", "title": "First Choice" }, { "const": "value2", "title": "Second Choice" }, { "const": "value3", "title": "Third Choice" }
                ]
              }
            }
          },
          "required": []
        }
        """;

    private const string Response = """{"type":"object","properties":{"response":{"type":"string","description":"User's response"}},"required":["response"]}""";

    public static FixtureTool[] All { get; } =
    [
        new("test_sampling", "Asks the client's model.", SampleAsync, OneText("prompt", "The prompt to send to the model")),
        new("test_elicitation", "Asks the client's user.", (request, end) => AskAsync(request, FixtureTool.Argument(request, "message"), Response, "User response", end),
            OneText("message", "The message to show to the user")),
        new("test_elicitation_sep1034_defaults", "Asks with defaults.", (request, end) =>
            AskAsync(request, "Please review and update the form fields with defaults", Defaults, "Elicitation completed", end)),
        new("test_elicitation_sep1330_enums", "Asks for choices.", (request, end) =>
            AskAsync(request, "Please select options from the enum fields", Choices, "Elicitation completed", end)),
    ];

    private static async ValueTask<CallToolResult> SampleAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var question = new SamplingMessage { Role = Role.User, Content = [Samples.Text(FixtureTool.Argument(request, "prompt"))] };
        var answer = await request.Server.SampleAsync(new CreateMessageRequestParams { Messages = [question], MaxTokens = 100 }, cancellationToken);
        return FixtureTool.Text($"LLM response: {string.Concat(answer.Content.OfType<TextContentBlock>().Select(block => block.Text))}");
    }

    private static async ValueTask<CallToolResult> AskAsync(
        RequestContext<CallToolRequestParams> request, string message, string schema, string lead, CancellationToken cancellationToken)
    {
        var form = JsonSerializer.Deserialize<ElicitRequestParams.RequestSchema>(schema, McpJsonUtilities.DefaultOptions)!;
        var answer = await request.Server.ElicitAsync(new ElicitRequestParams { Message = message, RequestedSchema = form }, cancellationToken);
        return FixtureTool.Text($"{lead}: action={answer.Action}, content={JsonSerializer.Serialize(answer.Content)}");
    }

    private static string OneText(string name, string description) =>
        $$"""{ "type": "object", "properties": { "{{name}}": { "type": "string", "description": "{{description}}" } }, "required": ["{{name}}"] }""";
}
