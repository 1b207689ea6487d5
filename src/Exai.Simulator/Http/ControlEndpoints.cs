using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Exai.Simulator.Http;

/// <summary><c>/sim/…</c>: the log and the script for other processes. Control requests are not in the log.</summary>
internal sealed class ControlEndpoints(SimulatorServer server)
{
    public async Task HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var (status, body) = (context.Request.Method, context.Request.Path.Value) switch
        {
            ("GET", "/sim/health") => (200, new JsonObject { ["status"] = "ok", ["port"] = server.Port, ["requests"] = server.Log.Count }),
            ("GET", "/sim/requests") => (200, new JsonArray([.. Wanted(context.Request).Select(Entry)])),
            ("GET", "/sim/script") => (200, JsonNode.Parse(server.Script.ToJson())!),
            ("PUT", "/sim/script") => await ReplaceScriptAsync(context, cancellationToken),
            _ => (404, Problem("Control knows GET /sim/health, GET /sim/requests, GET /sim/script and PUT /sim/script.")),
        };
        await ProviderJson.RespondAsync(context.Response, status, body, cancellationToken);
    }

    private async Task<(int Status, JsonNode Body)> ReplaceScriptAsync(HttpContext context, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(context.Request.Body);
        try
        {
            server.Script = SimulatorScript.Parse(await reader.ReadToEndAsync(cancellationToken));
            return (200, new JsonObject { ["rules"] = server.Script.Rules.Count });
        }
        catch (FormatException wrong)
        {
            return (400, Problem(wrong.Message));
        }
    }

    /// <summary>All of the log, or the last so many of it.</summary>
    private IEnumerable<SimulatorRequest> Wanted(HttpRequest request) =>
        int.TryParse(request.Query["last"], CultureInfo.InvariantCulture, out var last) ? server.Log.Requests.TakeLast(last) : server.Log.Requests;

    // Whether the key was right is shown, the key is not: somebody may point a real one here.
    private static JsonNode Entry(SimulatorRequest request) => new JsonObject
    {
        ["number"] = request.Number,
        ["dialect"] = request.Dialect,
        ["method"] = request.Method,
        ["path"] = request.Path,
        ["model"] = request.Model,
        ["stream"] = request.Stream,
        ["authorized"] = request.Authorized,
        ["at"] = request.At.ToString("O"),
        ["endedAt"] = request.EndedAt?.ToString("O"),
        ["status"] = request.Status,
        ["tokensSent"] = request.TokensSent,
        ["outcome"] = request.Outcome,
        ["body"] = JsonNode.Parse(request.Body.GetRawText()),
    };

    private static JsonObject Problem(string message) => new() { ["error"] = message };
}
