using System.Globalization;
using System.Text.Json.Nodes;
using Exai.Simulator.Answers;

namespace Exai.Simulator.Dialects;

/// <summary>A generic OpenAI-compatible server. Its reasoning travels as <c>reasoning</c>, the way vLLM, Ollama and OpenRouter write it.</summary>
internal sealed class OpenAiDialect : OpenAiShape
{
    private static readonly string[] Ids = ["sim-small", "sim-large"];

    public override string Name => "openai";

    public override string BasePath => "/openai/v1";

    protected override string ReasoningMember => "reasoning";

    public override string CompletionId(int number, DateTimeOffset now) => "chatcmpl-sim" + number.ToString("x8", CultureInfo.InvariantCulture);

    public override bool Thinks(ChatRequest request) => false;

    public override ProviderProblem? Refusal(ChatRequest request)
    {
        if (request.Model.Contains("no-such", StringComparison.OrdinalIgnoreCase))
            return new ProviderProblem(404, "model_not_found", $"The model `{request.Model}` does not exist or you do not have access to it.");
        return request.Messages.Count == 0
            ? new ProviderProblem(400, null, "Invalid 'messages': empty array. Expected an array with minimum length 1.")
            : null;
    }

    public override JsonObject Models(DateTimeOffset now) => new()
    {
        ["object"] = "list",
        ["data"] = new JsonArray([.. Ids.Select(id => new JsonObject
        {
            ["id"] = id,
            ["object"] = "model",
            ["created"] = now.ToUnixTimeSeconds(),
            ["owned_by"] = "simulator",
        })]),
    };

    public override ProviderProblem Unauthorized(bool present) => present
        ? new ProviderProblem(401, "invalid_api_key", "Incorrect API key provided.")
        : new ProviderProblem(401, null, "You didn't provide an API key.");

    public override ProviderProblem Usual(int status) => status switch
    {
        401 => Unauthorized(present: true),
        404 => new ProviderProblem(status, "model_not_found", "The model does not exist or you do not have access to it."),
        429 => new ProviderProblem(status, "rate_limit_exceeded", "Rate limit reached."),
        >= 500 => new ProviderProblem(status, null, "The server had an error while processing your request."),
        _ => new ProviderProblem(status, null, "Invalid request."),
    };

    public override JsonObject Error(ProviderProblem problem) => new()
    {
        ["error"] = new JsonObject
        {
            ["message"] = problem.Message,
            ["type"] = Type(problem.Status),
            ["param"] = null,
            ["code"] = problem.Code,
        },
    };

    private static string Type(int status) => status switch
    {
        429 => "requests",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
