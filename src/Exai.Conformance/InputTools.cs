using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Conformance;

/// <summary>Tools that need their client's input: they answer with the question, and the client asks again with what it found out.</summary>
internal static class InputTools
{
    private const string Prefix = "test_input_required_result_";

    public static FixtureTool[] All { get; } =
    [
        new(Prefix + "elicitation", "Asks for a name.", request => Inputs.Field(request.Params, "user_name", "name") is { } name
            ? FixtureTool.Text($"Hello, {name}!")
            : throw Inputs.Ask(state: null, ("user_name", Inputs.Form("What is your name?", "name")))),
        new(Prefix + "sampling", "Asks the client's model.", request => Inputs.Said(request.Params, "capital_question") is { } said
            ? FixtureTool.Text($"Sampling result: {said}")
            : throw Inputs.Ask(state: null, ("capital_question", Inputs.Question("What is the capital of France?")))),
        new(Prefix + "list_roots", "Asks for the client's folders.", request => Inputs.Folders(request.Params, "client_roots") is { } folders
            ? FixtureTool.Text($"Found {folders} root(s)")
            : throw Inputs.Ask(state: null, ("client_roots", Inputs.Roots))),
        new(Prefix + "request_state", "Asks, and knows it again.", request => Confirm(request.Params, "request-state", "state-ok: requestState validated")),
        new(Prefix + "tampered_state", "Asks, and refuses what it does not know again.", request => Confirm(request.Params, "tamper-test", "integrity-ok: state verified")),
        new(Prefix + "multiple_inputs", "Asks for three things at once.", AskForThree),
        new(Prefix + "multi_round", "Asks twice.", AskTwice),
        new(Prefix + "capabilities", "Asks for what its client is able to.", AskAsAble),
        new("test_missing_capability", "Needs a client with a model.", request => request.Server.ClientCapabilities?.Sampling is not null
            ? FixtureTool.Text("Success")
            : throw new MissingRequiredClientCapabilityException(new ClientCapabilities { Sampling = new SamplingCapability() })),
        new("test_streaming_elicitation", "Reports progress, then asks.", async (request, cancellationToken) =>
        {
            if (request.Params.ProgressToken is { } token)
            {
                await request.Server.NotifyProgressAsync(token, new ProgressNotificationValue { Progress = 50, Total = 100 }, cancellationToken: cancellationToken);
            }

            throw Inputs.Ask(state: null, ("user_name", Inputs.Form("What is your name?", "name")));
        }),
    ];

    private static CallToolResult Confirm(CallToolRequestParams call, string state, string confirmed) =>
        SealedState.Open(call.RequestState) == state && Inputs.Field(call, "confirm", "ok") is "True"
            ? FixtureTool.Text(confirmed)
            : throw Inputs.Ask(state, ("confirm", Inputs.Form("Please confirm", "ok", "boolean")));

    private static CallToolResult AskForThree(RequestContext<CallToolRequestParams> request)
    {
        var call = request.Params;
        return SealedState.Open(call.RequestState) == "multiple-inputs" && Inputs.Field(call, "user_name", "name") is { } name
            && Inputs.Said(call, "greeting") is { } greeting && Inputs.Folders(call, "client_roots") is { } folders
            ? FixtureTool.Text($"Name: {name}; Greeting: {greeting}; Roots: {folders}")
            : throw Inputs.Ask(
                "multiple-inputs", ("user_name", Inputs.Form("What is your name?", "name")), ("greeting", Inputs.Question("Generate a greeting")), ("client_roots", Inputs.Roots));
    }

    private static CallToolResult AskTwice(RequestContext<CallToolRequestParams> request)
    {
        const string Second = "round 2: ";
        var state = SealedState.Open(request.Params.RequestState);
        if (state?.StartsWith(Second, StringComparison.Ordinal) == true && Inputs.Field(request.Params, "step2", "color") is { } color)
        {
            return FixtureTool.Text($"Multi-round complete for {state[Second.Length..]} who likes {color}");
        }

        throw state is not null && Inputs.Field(request.Params, "step1", "name") is { } name
            ? Inputs.Ask(Second + name, ("step2", Inputs.Form("Step 2: What is your favorite color?", "color")))
            : Inputs.Ask("round 1", ("step1", Inputs.Form("Step 1: What is your name?", "name")));
    }

    private static CallToolResult AskAsAble(RequestContext<CallToolRequestParams> request)
    {
        if (request.Params.InputResponses is { Count: > 0 } answers)
        {
            return FixtureTool.Text($"capabilities-ok: received {string.Join(',', answers.Keys)}");
        }

        var able = request.Server.ClientCapabilities;
        List<(string, InputRequest)> questions = [];
        if (able?.Elicitation is not null)
        {
            questions.Add(("elicit_input", Inputs.Form("Elicitation input", "value")));
        }

        if (able?.Sampling is not null)
        {
            questions.Add(("sample_input", Inputs.Question("Sample request")));
        }

        return questions.Count == 0 ? FixtureTool.Text("No supported capabilities declared") : throw Inputs.Ask("capabilities-test", questions);
    }
}
