using System.Globalization;
using System.Text.Json;
using Exai.Simulator.Answers;

namespace Exai.Simulator.Dialects;

/// <summary>The requests Kimi is known to refuse, in its own words, so that a client's mistake shows here and not with a real key.</summary>
internal static class KimiRefusals
{
    public static ProviderProblem? First(ChatRequest request)
    {
        if (request.Model.Contains("no-such", StringComparison.OrdinalIgnoreCase))
            return new ProviderProblem(404, "resource_not_found_error", $"Not found the model {request.Model} or Permission denied");
        if (request.Messages.Count == 0)
            return Invalid("Invalid request: messages must not be empty");
        var message = Sampling(request) ?? ThinkingMode(request) ?? Links(request) ?? Turns(request) ?? Results(request);
        return message is null ? null : Invalid(message);
    }

    private static string? Sampling(ChatRequest request)
    {
        if (!KimiModels.FixesSampling(request.Model))
            return null;
        var temperature = request.Model.StartsWith("kimi-k2.6", StringComparison.OrdinalIgnoreCase) && !KimiModels.Thinks(request) ? 0.6 : 1;
        (string Name, double Allowed)[] fixedValues =
            [("temperature", temperature), ("top_p", 0.95), ("n", 1), ("presence_penalty", 0), ("frequency_penalty", 0)];
        foreach (var (name, allowed) in fixedValues)
        {
            if (ChatRequest.Number(request.Body, name) is { } value && Math.Abs(value - allowed) > 1e-9)
                return string.Create(CultureInfo.InvariantCulture, $"invalid {name}: only {allowed} is allowed for this model");
        }

        return null;
    }

    private static string? ThinkingMode(ChatRequest request)
    {
        if (request.Thinking == "disabled" && KimiModels.AlwaysThinks(request.Model))
            return "invalid thinking: only type=enabled is allowed for this model";
        var choice = ChatRequest.Member(request.Body, "tool_choice");
        var forced = choice.ValueKind == JsonValueKind.Object || ChatRequest.Text(request.Body, "tool_choice") == "required";
        return forced && KimiModels.Thinks(request) ? "tool_choice 'required' is incompatible with thinking enabled" : null;
    }

    private static string? Links(ChatRequest request)
    {
        foreach (var part in request.Messages.SelectMany(message => ChatRequest.Items(message, "content")))
        {
            foreach (var kind in (string[])["image_url", "video_url"])
            {
                var url = ChatRequest.Text(ChatRequest.Member(part, kind), "url") ?? ChatRequest.Text(part, kind);
                if (url?.StartsWith("http", StringComparison.OrdinalIgnoreCase) == true)
                    return $"Invalid request: unsupported {kind.Replace('_', ' ')}: {url}";
            }
        }

        return null;
    }

    private static string? Turns(ChatRequest request)
    {
        for (var index = 0; index < request.Messages.Count; index++)
        {
            var message = request.Messages[index];
            if (ChatRequest.Text(message, "role") != "assistant")
                continue;
            var blank = string.IsNullOrWhiteSpace(ChatRequest.ContentText(message));
            var calls = ChatRequest.Items(message, "tool_calls").Any();
            if (blank && !calls)
                return $"Invalid request: message at position {index} with role 'assistant' must not be empty";
            if (!calls)
                continue;
            if (blank && ChatRequest.Member(message, "content").ValueKind is JsonValueKind.String or JsonValueKind.Array)
                return "Invalid request: text content is empty";
            // An empty string counts as present: only a missing member is refused.
            if (KimiModels.Thinks(request) && ChatRequest.Member(message, "reasoning_content").ValueKind != JsonValueKind.String)
                return $"thinking is enabled but reasoning_content is missing in assistant tool call message at index {index}";
        }

        return null;
    }

    private static string? Results(ChatRequest request)
    {
        // Ids repeat over turns: the last call before a result is its own.
        var calls = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var message in request.Messages)
        {
            foreach (var call in ChatRequest.Items(message, "tool_calls"))
                calls[ChatRequest.Text(call, "id") ?? ""] = ChatRequest.Member(call, "function");
            if (ChatRequest.Text(message, "role") != "tool")
                continue;
            if (!calls.TryGetValue(ChatRequest.Text(message, "tool_call_id") ?? "", out var function))
                return "Invalid request: tool_call_id  is not found";
            if (ChatRequest.Text(function, "name") == "$web_search" && ChatRequest.Text(function, "arguments") != ChatRequest.Text(message, "content"))
                return "Invalid request: the arguments of $web_search must come back unchanged";
        }

        return null;
    }

    private static ProviderProblem Invalid(string message) => new(400, "invalid_request_error", message);
}
