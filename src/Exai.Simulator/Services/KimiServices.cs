using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Simulator.Answers;
using Exai.Simulator.Dialects;

namespace Exai.Simulator.Services;

/// <summary>Moonshot's files, balance, token estimate and the web search formula.</summary>
internal sealed class KimiServices : IProviderServices
{
    private const string Formula = "/formulas/moonshot/web-search:latest/";

    private readonly StoredFiles _files = new("file-");

    public ServiceAnswer? Serve(ServiceRequest request, SimulatorRule rule, DateTimeOffset now) => request.Route switch
    {
        "GET /users/me/balance" => new ServiceAnswer(Balance()),
        "POST /tokenizers/estimate-token-count" => new ServiceAnswer(Estimate(request)),
        "GET " + Formula + "tools" => new ServiceAnswer(new JsonObject { ["tools"] = new JsonArray(Tool()) }),
        "POST " + Formula + "fibers" => new ServiceAnswer(Fiber(request, rule)),
        "POST /files" => Upload(request, now),
        "GET /files" => new ServiceAnswer(_files.List(purpose: null, request.Query["after"], Limit(request))),
        _ when Id(request.Route, "GET /files/", "/content") is { } id => Content(id, rule),
        _ when Id(request.Route, "GET /files/") is { } id => _files.Find(id) is { } file ? new ServiceAnswer(file.Describe()) : Missing(id),
        _ when Id(request.Route, "DELETE /files/") is { } id =>
            _files.Remove(id) ? new ServiceAnswer(new JsonObject { ["id"] = id, ["object"] = "file", ["deleted"] = true }) : Missing(id),
        _ => null,
    };

    /// <summary>The part between the two texts, if nothing else stands there.</summary>
    internal static string? Id(string route, string before, string after = "")
    {
        if (!route.StartsWith(before, StringComparison.Ordinal) || !route.EndsWith(after, StringComparison.Ordinal) || route.Length <= before.Length + after.Length)
            return null;
        var id = route[before.Length..^after.Length];
        return id.Contains('/', StringComparison.Ordinal) ? null : id;
    }

    internal static int Limit(ServiceRequest request) => int.TryParse(request.Query["limit"], out var limit) ? Math.Clamp(limit, 1, 100) : 20;

    private ServiceAnswer Upload(ServiceRequest request, DateTimeOffset now)
    {
        var purpose = ChatRequest.Text(request.Body, "purpose");
        if (request.File is not { } file || purpose is not ("file-extract" or "image" or "video" or "batch"))
            return Refused("Invalid request: file and purpose are needed");
        if (file.Bytes.Length == 0)
            return Refused("Invalid request: file size is zero");
        var stored = _files.Add(file, purpose, now).Describe();
        stored["status"] = "ready";
        stored["status_details"] = "";
        return new ServiceAnswer(stored);
    }

    // As captured: JSON in a text body. Plain text is what the documents promise, and what a rule's answer sends.
    private ServiceAnswer Content(string id, SimulatorRule rule)
    {
        if (_files.Find(id) is not { } file)
            return Missing(id);
        if (rule.Answer is { } plain)
            return new ServiceAnswer(Text: plain);
        var content = new JsonObject
        {
            ["content"] = rule.EmptyAnswer ? "" : file.Text,
            ["file_type"] = "application/octet-stream",
            ["filename"] = file.File.Name,
            ["title"] = "",
            ["type"] = "file",
        };
        return new ServiceAnswer(Text: Http.ProviderJson.Write(content));
    }

    private static JsonObject Fiber(ServiceRequest request, SimulatorRule rule)
    {
        var query = Query(ChatRequest.Text(request.Body, "arguments"));
        var context = new JsonObject { ["input"] = request.Body.GetRawText() };
        if (rule.EmptyAnswer)
            context["output"] = "";
        else if (rule.Answer is { } output)
            context["output"] = output;
        else
            context["encrypted_output"] = $"----MOONSHOT ENCRYPTED BEGIN----{query}----MOONSHOT ENCRYPTED END----";
        if (!rule.EmptyAnswer)
        {
            context["references"] = new JsonArray(
                "https://example.com/first", new JsonObject { ["url"] = "https://example.com/second", ["title"] = "Second simulated source" });
        }

        return new JsonObject
        {
            ["id"] = "fiber-simulated",
            ["object"] = "fiber",
            ["status"] = query is null || ChatRequest.Text(request.Body, "name") != "web_search" ? "failed" : "succeeded",
            ["context"] = context,
            ["formula"] = "moonshot/web-search:latest",
        };
    }

    /// <summary>Null when the arguments, a text of JSON, hold none.</summary>
    private static string? Query(string? arguments)
    {
        try
        {
            using var json = JsonDocument.Parse(arguments ?? "");
            return ChatRequest.Text(json.RootElement, "query");
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonObject Tool() => new()
    {
        ["type"] = "function",
        ["function"] = new JsonObject
        {
            ["name"] = "web_search",
            ["description"] = "Search the web",
            ["parameters"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { ["query"] = new JsonObject { ["type"] = "string" } },
                ["required"] = new JsonArray("query"),
            },
        },
    };

    private static JsonObject Estimate(ServiceRequest request) => new()
    {
        ["code"] = 0,
        ["data"] = new JsonObject { ["total_tokens"] = new ChatRequest(request.Body).PromptTokens },
        ["scode"] = "0x0",
        ["status"] = true,
    };

    private static JsonObject Balance() => new()
    {
        ["code"] = 0,
        ["data"] = new JsonObject { ["available_balance"] = 49.58, ["voucher_balance"] = 46.58, ["cash_balance"] = 3.0 },
        ["scode"] = "0x0",
        ["status"] = true,
    };

    private static ServiceAnswer Missing(string id) => new(Problem: new ProviderProblem(404, "resource_not_found_error", $"file {id} not found"));

    private static ServiceAnswer Refused(string message) => new(Problem: new ProviderProblem(400, "invalid_request_error", message));
}
