using ModelContextProtocol.Protocol;

namespace Exai.Conformance;

/// <summary>Tools that answer at once, each with another kind of content.</summary>
internal static class ContentTools
{
    private const string FullVocabulary = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "type": "object",
          "$defs": {
            "address": {
              "$anchor": "addressDef",
              "type": "object",
              "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
            }
          },
          "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" }
          },
          "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
          "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
          "then": { "required": ["phone"] },
          "else": { "required": ["email"] },
          "additionalProperties": false
        }
        """;

    public static FixtureTool[] All { get; } =
    [
        new("test_simple_text", "Answers with text.", _ => FixtureTool.Text("This is a simple text response for testing.")),
        new("test_image_content", "Answers with a picture.", _ => new CallToolResult { Content = [Samples.Image] }),
        new("test_audio_content", "Answers with a sound.", _ => new CallToolResult { Content = [Samples.Audio] }),
        new("test_embedded_resource", "Answers with a resource.", _ => new CallToolResult
        {
            Content = [Samples.Embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")],
        }),
        new("test_multiple_content_types", "Answers with text, a picture and a resource.", _ => new CallToolResult
        {
            Content =
            [
                Samples.Text("Multiple content types test:"), Samples.Image,
                Samples.Embedded("test://mixed-content-resource", "application/json", """{"test":"data","value":123}"""),
            ],
        }),
        new("test_error_handling", "Fails.", _ => new CallToolResult
        {
            IsError = true,
            Content = [Samples.Text("This tool intentionally returns an error for testing")],
        }),
        new("json_schema_2020_12_tool", "Has a schema with much of JSON Schema's vocabulary.", request => FixtureTool.Text($"Called for '{FixtureTool.Argument(request, "name")}'."), FullVocabulary),
    ];
}
