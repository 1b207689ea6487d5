using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace Exai.Conformance;

/// <summary>Prompts of each kind, and the completion of their arguments.</summary>
internal static class TestPrompts
{
    private static readonly string[] KnownValues = ["test", "testing", "paris", "park", "party"];

    public static FixturePrompt[] All { get; } =
    [
        new("test_simple_prompt", "Has no arguments.", [], _ => [Samples.Text("This is a simple prompt for testing.")]),
        new("test_prompt_with_arguments", "Has two arguments.", [("arg1", "First test argument"), ("arg2", "Second test argument")],
            request => [Samples.Text($"Prompt with arguments: arg1='{Argument(request, "arg1")}', arg2='{Argument(request, "arg2")}'")]),
        new("test_prompt_with_embedded_resource", "Holds a resource.", [("resourceUri", "Address of the resource")],
            request =>
            [
                Samples.Embedded(Argument(request, "resourceUri"), "text/plain", "Embedded resource content for testing."),
                Samples.Text("Please process the embedded resource above."),
            ]),
        new("test_prompt_with_image", "Holds a picture.", [], _ => [Samples.Image, Samples.Text("Please analyze the image above.")]),
        new("test_input_required_result_prompt", "Needs the user's input.", [], request => Inputs.Field(request, "user_context", "context") is { } context
            ? [Samples.Text($"Prompt with context: {context}")]
            : throw Inputs.Ask(state: null, ("user_context", Inputs.Form("What context should the prompt use?", "context")))),
    ];

    /// <summary>The known values that begin like what was typed.</summary>
    public static CompleteResult Complete(CompleteRequestParams request)
    {
        string[] values = [.. KnownValues.Where(value => value.StartsWith(request.Argument.Value, StringComparison.Ordinal))];
        return new CompleteResult { Completion = new Completion { Values = values, Total = values.Length, HasMore = false } };
    }

    private static string Argument(GetPromptRequestParams request, string name) =>
        request.Arguments?.TryGetValue(name, out var value) == true && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
