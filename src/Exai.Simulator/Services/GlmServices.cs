using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Exai.Simulator.Answers;
using Exai.Simulator.Dialects;

namespace Exai.Simulator.Services;

/// <summary>Zhipu's files, document parser, web search, tokenizer and the usage of its Coding Plan.</summary>
internal sealed class GlmServices : IProviderServices
{
    /// <summary>Outside the API's base, on the same host.</summary>
    public const string QuotaPath = "/api/monitor/usage/quota/limit";

    /// <summary>Characters of a web search.</summary>
    private const int LongestQuery = 70;

    private static readonly string[] Purposes = ["batch", "code-interpreter", "agent", "voice-clone-input", "retrieval", "fine-tune"];

    private readonly StoredFiles _files = new("glm-file-");
    private readonly ConcurrentDictionary<string, ParserTask> _tasks = new(StringComparer.Ordinal);

    public ServiceAnswer? Serve(ServiceRequest request, SimulatorRule rule, DateTimeOffset now) => request.Route switch
    {
        "GET " + QuotaPath => new ServiceAnswer(Quota(now)),
        "POST /tokenizer" => new ServiceAnswer(Tokenizer(request, now)),
        "POST /web_search" => Search(request, rule, now),
        "POST /files/parser/create" => CreateTask(request),
        "POST /files/parser/sync" => request.File is null
            ? Refused("1213", "The file parameter was not received properly.")
            : new ServiceAnswer(Parsed("sync", new ParserTask(request.File), rule)),
        "POST /files" => Upload(request, now),
        "GET /files" => request.Query["purpose"].ToString() is { Length: > 0 } purpose
            ? new ServiceAnswer(_files.List(purpose, request.Query["after"], KimiServices.Limit(request)))
            : Refused("1213", "The purpose parameter was not received properly."),
        _ when KimiServices.Id(request.Route, "GET /files/parser/result/", "/text") is { } id => _tasks.TryGetValue(id, out var task)
            ? new ServiceAnswer(Parsed(id, task, rule))
            : Missing(id),
        _ when KimiServices.Id(request.Route, "GET /files/", "/content") is { } id => Content(id),
        _ when KimiServices.Id(request.Route, "DELETE /files/") is { } id =>
            _files.Remove(id) ? new ServiceAnswer(new JsonObject { ["id"] = id, ["object"] = "file", ["deleted"] = true }) : Missing(id),
        _ => null,
    };

    /// <summary>A rule's answer comes as it is: the real service tells errors at HTTP 200 too.</summary>
    private static ServiceAnswer Search(ServiceRequest request, SimulatorRule rule, DateTimeOffset now)
    {
        if (rule.Answer is { } answer)
            return new ServiceAnswer(Text: answer);
        var query = ChatRequest.Text(request.Body, "search_query");
        if (query is not { Length: > 0 and <= LongestQuery } || ChatRequest.Text(request.Body, "search_engine") is null)
            return Refused("1214", "Incorrect search_query or search_engine parameter, please check the documentation.");
        return new ServiceAnswer(new JsonObject
        {
            ["id"] = "search-simulated",
            ["created"] = now.ToUnixTimeSeconds(),
            ["request_id"] = ChatRequest.Text(request.Body, "request_id") ?? "search-simulated",
            ["search_intent"] = new JsonArray(new JsonObject { ["query"] = query, ["intent"] = "SEARCH_ALWAYS", ["keywords"] = query }),
            ["search_result"] = rule.EmptyAnswer ? new JsonArray() : WebSources.Array(),
        });
    }

    private ServiceAnswer Upload(ServiceRequest request, DateTimeOffset now)
    {
        var purpose = ChatRequest.Text(request.Body, "purpose");
        return request.File is { } file && purpose is not null && Purposes.Contains(purpose, StringComparer.Ordinal)
            ? new ServiceAnswer(_files.Add(file, purpose, now).Describe())
            : Refused("1214", "Incorrect purpose parameter, please check the documentation.");
    }

    // Only what a batch wrote can be had back.
    private ServiceAnswer Content(string id) => _files.Find(id) switch
    {
        null => Missing(id),
        { Purpose: "batch" } file => new ServiceAnswer(Text: file.Text),
        _ => Refused("1210", "Only files of purpose batch have a content."),
    };

    private ServiceAnswer CreateTask(ServiceRequest request)
    {
        if (request.File is not { } file || ChatRequest.Text(request.Body, "tool_type") is not ("lite" or "expert" or "prime"))
            return Refused("1214", "Incorrect tool_type parameter, please check the documentation.");
        var id = "task-" + (_tasks.Count + 1);
        _tasks[id] = new ParserTask(file);
        return new ServiceAnswer(new JsonObject { ["message"] = "ok", ["success"] = true, ["task_id"] = id });
    }

    private static JsonObject Parsed(string id, ParserTask task, SimulatorRule rule)
    {
        var status = task.NextStatus();
        var result = new JsonObject { ["status"] = status, ["message"] = status == "failed" ? "the file is damaged" : "ok", ["task_id"] = id };
        if (status == "succeeded")
            result["content"] = rule.Answer ?? task.Text;
        return result;
    }

    private static JsonObject Tokenizer(ServiceRequest request, DateTimeOffset now)
    {
        var tokens = new ChatRequest(request.Body).PromptTokens;
        return new JsonObject
        {
            ["id"] = "tokenizer-simulated",
            ["created"] = now.ToUnixTimeSeconds(),
            ["request_id"] = "tokenizer-simulated",
            ["usage"] = new JsonObject { ["prompt_tokens"] = tokens, ["image_tokens"] = 0, ["video_tokens"] = 0, ["total_tokens"] = tokens },
        };
    }

    private static JsonObject Quota(DateTimeOffset now) => new()
    {
        ["code"] = 200,
        ["msg"] = "Operation successful",
        ["success"] = true,
        ["data"] = new JsonObject
        {
            ["level"] = "pro",
            ["limits"] = new JsonArray(
                new JsonObject
                {
                    ["type"] = "TOKENS_LIMIT",
                    ["percentage"] = 37,
                    ["currentValue"] = 14_800_000,
                    ["usage"] = 40_000_000,
                    ["nextResetTime"] = now.AddHours(2).ToUnixTimeMilliseconds(),
                },
                new JsonObject { ["type"] = "TIME_LIMIT", ["percentage"] = 2.5, ["currentValue"] = 25, ["usage"] = 1000, ["usageDetails"] = new JsonArray() }),
        },
    };

    private static ServiceAnswer Missing(string id) => new(Problem: new ProviderProblem(404, "1222", $"{id} does not exist."));

    private static ServiceAnswer Refused(string code, string message) => new(Problem: new ProviderProblem(400, code, message));

    /// <summary>A document in work. A name with <c>slow</c> takes one more look, one with <c>broken</c> fails.</summary>
    private sealed class ParserTask(SentFile file)
    {
        private int _looks;

        public string Text => System.Text.Encoding.UTF8.GetString(file.Bytes);

        public string NextStatus()
        {
            if (file.Name.Contains("broken", StringComparison.Ordinal))
                return "failed";
            return Interlocked.Increment(ref _looks) == 1 && file.Name.Contains("slow", StringComparison.Ordinal) ? "processing" : "succeeded";
        }
    }
}
