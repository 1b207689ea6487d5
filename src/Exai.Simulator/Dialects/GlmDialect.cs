using System.Globalization;
using System.Text.Json.Nodes;
using Exai.Simulator.Answers;

namespace Exai.Simulator.Dialects;

/// <summary>Zhipu GLM: the role in every delta, no finish reason before the end, usage and sources on the finish chunk.</summary>
internal sealed class GlmDialect : SimulatedDialect
{
    private static readonly string[] Ids =
    [
        "glm-5.3", "glm-5.3-flash", "glm-5.2", "glm-5.1", "glm-5-turbo", "glm-5",
        "glm-4.7", "glm-4.7-flash", "glm-4.6", "glm-4.6v", "glm-4.5", "glm-4.5-air",
    ];

    private static readonly HashSet<string> ThinkByDefault =
        new(["glm-5.3", "glm-5.3-flash", "glm-5.2", "glm-5.1", "glm-5", "glm-4.7", "glm-4.5v"], StringComparer.OrdinalIgnoreCase);

    public override string Name => "glm";

    public override string BasePath => "/api/paas/v4";

    // The vendor's ids carry its own local time.
    public override string CompletionId(int number, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{now.ToOffset(TimeSpan.FromHours(8)):yyyyMMddHHmmss}{number:x8}");

    public override bool Thinks(ChatRequest request)
    {
        if (request.Model.StartsWith("glm-5.3", StringComparison.OrdinalIgnoreCase))
            return true;
        if (request.Thinking == "disabled" || request.ReasoningEffort is "none" or "minimal")
            return false;
        return request.Thinking == "enabled" || ThinkByDefault.Contains(request.Model);
    }

    // Searching is on only when enabled, and the sources come only when asked for: both default to false.
    public override bool SearchesWeb(ChatRequest request) =>
        ChatRequest.Items(request.Body, "tools")
            .Where(tool => ChatRequest.Text(tool, "type") == "web_search")
            .Select(tool => ChatRequest.Member(tool, "web_search"))
            .Any(options => ChatRequest.Flag(options, "enable") && ChatRequest.Flag(options, "search_result"));

    public override ProviderProblem? Refusal(ChatRequest request)
    {
        if (request.Model.Contains("no-such", StringComparison.OrdinalIgnoreCase))
            return new ProviderProblem(400, "1211", "Unknown Model, please check the model code.");
        if (!request.Messages.Any(message => ChatRequest.Text(message, "role") == "user"))
            return new ProviderProblem(400, "1214", "Incorrect messages parameter: at least one user message is needed.");
        return null;
    }

    public override JsonObject? Opening(Completion completion) => null;

    public override JsonObject Reasoning(Completion completion, string text) => Delta(completion, "reasoning_content", text);

    public override JsonObject Content(Completion completion, string text) => Delta(completion, "content", text);

    // Without tool_stream, a call comes in one delta.
    public override IEnumerable<JsonObject> Calling(Completion completion)
    {
        if (completion.Call is not { } call)
            yield break;
        var calls = new JsonArray(new JsonObject
        {
            ["id"] = call.Id,
            ["index"] = 0,
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
        });
        var delta = new JsonObject { ["role"] = "assistant", ["tool_calls"] = calls };
        yield return Chunk(completion, new JsonObject { ["index"] = 0, ["delta"] = delta });
    }

    public override IEnumerable<JsonObject> Closing(Completion completion)
    {
        var choice = new JsonObject
        {
            ["index"] = 0,
            ["finish_reason"] = completion.FinishReason,
            ["delta"] = new JsonObject { ["role"] = "assistant", ["content"] = "" },
        };
        yield return WithEnd(Chunk(completion, choice), completion);
    }

    public override JsonObject Whole(Completion completion)
    {
        var message = Message(completion, "reasoning_content");
        var body = new JsonObject
        {
            ["id"] = completion.Id,
            ["request_id"] = completion.Id,
            ["created"] = completion.Created,
            ["model"] = completion.Model,
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = completion.FinishReason }),
        };
        return WithEnd(body, completion);
    }

    public override JsonObject Models(DateTimeOffset now) =>
        new() { ["object"] = "list", ["data"] = new JsonArray([.. Ids.Select(id => new JsonObject { ["id"] = id })]) };

    public override ProviderProblem Unauthorized(bool present) => present
        ? new ProviderProblem(401, "1000", "Authentication Failed")
        : new ProviderProblem(401, "1001", "Authentication parameter not received in Header, unable to authenticate");

    public override ProviderProblem Usual(int status) => status switch
    {
        401 => Unauthorized(present: true),
        403 => Known("1220")!,
        429 => Known("1302")!,
        >= 500 => Known("1234")! with { Status = status },
        _ => Known("1210")! with { Status = status },
    };

    public override ProviderProblem? Known(string code) => GlmErrors.Find(code);

    public override JsonObject Error(ProviderProblem problem)
    {
        var error = new JsonObject();
        if (problem.Code is not null)
            error["code"] = problem.Code;
        return new JsonObject { ["error"] = With(error, "message", problem.Message) };
    }

    private static JsonObject Delta(Completion completion, string member, string text) =>
        Chunk(completion, new JsonObject { ["index"] = 0, ["delta"] = new JsonObject { ["role"] = "assistant", [member] = text } });

    private static JsonObject Chunk(Completion completion, JsonObject choice) => new()
    {
        ["id"] = completion.Id,
        ["created"] = completion.Created,
        ["object"] = "chat.completion.chunk",
        ["model"] = completion.Model,
        ["choices"] = new JsonArray(choice),
    };

    private static void PutSources(JsonObject target, string place)
    {
        var choice = target["choices"]![0]!.AsObject();
        switch (place)
        {
            case SimulatorSources.Delta:
                (choice["delta"] ?? choice["message"])!["web_search"] = WebSources.Array();
                break;
            case SimulatorSources.Message:
                if (choice["delta"] is { } delta)
                {
                    choice.Remove("delta");
                    choice["message"] = delta;
                }

                choice["message"]!["web_search"] = WebSources.Array();
                break;
            case SimulatorSources.Nested:
                target["web_search"] = new JsonArray(new JsonObject { ["search_result"] = WebSources.Array() });
                break;
            case SimulatorSources.SearchResult:
                target["search_result"] = WebSources.Array();
                break;
            default:
                target["web_search"] = WebSources.Array();
                break;
        }
    }

    private static JsonObject WithEnd(JsonObject target, Completion completion)
    {
        if (completion.Usage is { } usage)
        {
            target["usage"] = new JsonObject
            {
                ["prompt_tokens"] = usage.Prompt,
                ["completion_tokens"] = usage.Completion,
                ["total_tokens"] = usage.Total,
                ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = usage.Cached },
                ["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = usage.Reasoning },
            };
        }

        if (completion.Sources)
            PutSources(target, completion.SourcesAt);
        return target;
    }
}
