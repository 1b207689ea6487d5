using System.Globalization;
using System.Text.Json.Nodes;
using Exai.Simulator.Answers;
using Exai.Simulator.Http;

namespace Exai.Simulator.Dialects;

/// <summary>Moonshot Kimi: OpenAI's shape, but usage inside the choice of the finish chunk, with cached tokens given twice.</summary>
internal sealed class KimiDialect : OpenAiShape
{
    private const string WebSearch = "$web_search";
    private const string FormulaFunction = "web_search";
    private const string WebSearchArguments = """{"search_result":{"search_id":"simulated"},"usage":{"total_tokens":120}}""";

    public override string Name => "kimi";

    public override string BasePath => "/v1";

    protected override string ReasoningMember => "reasoning_content";

    public override string CompletionId(int number, DateTimeOffset now) => "chatcmpl-" + number.ToString("x16", CultureInfo.InvariantCulture);

    public override bool Thinks(ChatRequest request) => KimiModels.Thinks(request);

    // The built-in search works with thinking off only; its arguments are the server's and come back unchanged. The formula is an
    // ordinary function to the model.
    public override ToolCall? OwnCall(ChatRequest request)
    {
        if (Offers(request, "builtin_function", WebSearch))
            return Thinks(request) ? null : new ToolCall(CallId(WebSearch), WebSearch, WebSearchArguments, "builtin_function");
        if (!Offers(request, "function", FormulaFunction))
            return null;
        var arguments = new JsonObject { ["query"] = request.LastUserText };
        return new ToolCall(CallId(FormulaFunction), FormulaFunction, ProviderJson.Write(arguments));
    }

    private static bool Offers(ChatRequest request, string type, string name) => ChatRequest.Items(request.Body, "tools").Any(tool =>
        ChatRequest.Text(tool, "type") == type && ChatRequest.Text(ChatRequest.Member(tool, "function"), "name") == name);

    public override string CallId(string name) => name + ":0";

    public override ProviderProblem? Refusal(ChatRequest request) => KimiRefusals.First(request);

    public override JsonObject Models(DateTimeOffset now) => KimiModels.List(now);

    public override ProviderProblem Unauthorized(bool present) => present
        ? new ProviderProblem(401, "invalid_authentication_error", "Invalid Authentication")
        : new ProviderProblem(401, "incorrect_api_key_error", "Incorrect API key provided");

    public override ProviderProblem Usual(int status) => status switch
    {
        401 => Unauthorized(present: true),
        402 or 403 => new ProviderProblem(status, "permission_denied_error", "The API you are accessing is not open"),
        404 => new ProviderProblem(status, "resource_not_found_error", "Not found the model or Permission denied"),
        429 => new ProviderProblem(status, "rate_limit_reached_error", "Your account reached max organization concurrency: 1, please try again"),
        503 => new ProviderProblem(status, "server_unavailable", "The server is currently unavailable"),
        >= 500 => new ProviderProblem(status, "server_error", "Internal server error"),
        _ => new ProviderProblem(status, "invalid_request_error", "Invalid request"),
    };

    public override ProviderProblem? Known(string code) => KimiErrors.Find(code);

    public override JsonObject Error(ProviderProblem problem)
    {
        var error = new JsonObject { ["message"] = problem.Message };
        return new JsonObject { ["error"] = problem.Code is null ? error : With(error, "type", problem.Code) };
    }

    protected override JsonObject FinishChunk(Completion completion)
    {
        var chunk = base.FinishChunk(completion);
        if (completion.Usage is { } usage)
            chunk["choices"]![0]!["usage"] = Usage(usage);
        return chunk;
    }

    protected override JsonObject Usage(UsageCount usage) => new()
    {
        ["prompt_tokens"] = usage.Prompt,
        ["completion_tokens"] = usage.Completion,
        ["total_tokens"] = usage.Total,
        ["cached_tokens"] = usage.Cached,
        ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = usage.Cached },
        ["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = usage.Reasoning },
    };
}
