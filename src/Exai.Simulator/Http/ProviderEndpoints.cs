using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Simulator.Answers;
using Exai.Simulator.Dialects;
using Exai.Simulator.Services;
using Microsoft.AspNetCore.Http;

namespace Exai.Simulator.Http;

/// <summary>
/// A provider's endpoints: (1) read, (2) log, (3) refuse as the vendor would, (4) play the rule. Refusals use up no rule.
/// </summary>
internal sealed class ProviderEndpoints(SimulatorServer server, TimeProvider time)
{
    private static readonly string BareKeyRoute = "GET " + GlmServices.QuotaPath;

    private readonly Dictionary<string, IProviderServices> _services = new(StringComparer.Ordinal) { ["glm"] = new GlmServices(), ["kimi"] = new KimiServices() };

    private static readonly JsonElement Nothing = JsonDocument.Parse("{}").RootElement;

    public async Task HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var path = context.Request.Path.Value ?? "";
        if (path == GlmServices.QuotaPath)
        {
            await ServeAsync(context, SimulatedDialect.All.First(known => known.Name == "glm"), $"{context.Request.Method} {path}", cancellationToken);
            return;
        }

        var dialect = SimulatedDialect.All.FirstOrDefault(dialect => path.StartsWith(dialect.BasePath + "/", StringComparison.Ordinal));
        if (dialect is null)
        {
            var bases = string.Join(", ", SimulatedDialect.All.Select(known => known.BasePath));
            var lost = new JsonObject { ["error"] = $"No provider speaks at {path}; the bases are {bases}." };
            await ProviderJson.RespondAsync(context.Response, StatusCodes.Status404NotFound, lost, cancellationToken);
            return;
        }

        var route = $"{context.Request.Method} {path[dialect.BasePath.Length..]}";
        if (route == "POST /chat/completions")
            await ChatAsync(context, dialect, cancellationToken);
        else
            await ServeAsync(context, dialect, route, cancellationToken);
    }

    private async Task ChatAsync(HttpContext context, SimulatedDialect dialect, CancellationToken cancellationToken)
    {
        var cursor = server.Cursor;
        if (cursor.TakeBeforeBody(dialect.Name) is { } early)
        {
            var unread = Record(context, dialect, Nothing);
            var performance = new ChatPerformance(context, unread, early, dialect, time, cancellationToken);
            await GuardAsync(context, unread, performance.AcceptAsync, cancellationToken);
            return;
        }

        // 1. and 2. A body that is not JSON is logged as nothing, and refused below.
        var body = await ReadAsync(context, cancellationToken);
        var entry = Record(context, dialect, body ?? Nothing);
        await GuardAsync(
            context,
            entry,
            async () =>
            {
                // 3. What the vendor itself would refuse.
                var request = new ChatRequest(body ?? Nothing);
                var refusal = Unauthorized(entry, dialect)
                    ?? (body is null ? dialect.Usual(400) with { Message = "The body is not a JSON object." } : dialect.Refusal(request));
                if (refusal is not null)
                {
                    await ErrorResponder.RespondAsync(context.Response, dialect, refusal, entry, cancellationToken);
                    return;
                }

                // 4. The rule.
                var rule = cursor.Take(dialect.Name, request);
                var completion = CompletionPlanner.Plan(request, rule, dialect, entry.Number, entry.At);
                await new ChatPerformance(context, entry, rule, dialect, time, cancellationToken).PlayAsync(completion, request.Stream);
            },
            cancellationToken);
    }

    private async Task ServeAsync(HttpContext context, SimulatedDialect dialect, string route, CancellationToken cancellationToken)
    {
        var request = await ServiceRequest.ReadAsync(context, route, cancellationToken);
        var entry = Record(context, dialect, request.Body);
        await GuardAsync(
            context,
            entry,
            async () =>
            {
                var refusal = Unauthorized(entry, dialect) ?? BareKey(entry, dialect, route);
                if (refusal is not null)
                {
                    await ErrorResponder.RespondAsync(context.Response, dialect, refusal, entry, cancellationToken);
                    return;
                }

                var rule = server.Cursor.TakeForService(dialect.Name, route);
                await new ServicePerformance(context, entry, rule, dialect, time, cancellationToken).PlayAsync(() => route == "GET /models"
                    ? new ServiceAnswer(dialect.Models(entry.At))
                    : _services.GetValueOrDefault(dialect.Name)?.Serve(request, rule, entry.At));
            },
            cancellationToken);
    }

    /// <summary>Gives a request that ends by leaving or by the server's end its outcome.</summary>
    private async Task GuardAsync(HttpContext context, SimulatorRequest entry, Func<Task> play, CancellationToken cancellationToken)
    {
        try
        {
            await play();
        }
        catch (SimulatedDropException) when (!context.Response.HasStarted)
        {
            // The abort has closed the connection.
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            entry.End(server.Stopping ? SimulatorOutcome.Dropped : SimulatorOutcome.ClientGone);
            context.Abort();
        }
    }

    private SimulatorRequest Record(HttpContext context, SimulatedDialect dialect, JsonElement body)
    {
        var authorization = context.Request.Headers.Authorization is { Count: > 0 } header ? header.ToString() : null;
        return server.Log.Add((number, changed) => new SimulatorRequest(changed, time)
        {
            Number = number,
            Dialect = dialect.Name,
            Method = context.Request.Method,
            Path = context.Request.Path.Value ?? "",
            Model = ChatRequest.Text(body, "model") ?? "",
            Body = body,
            Authorization = authorization,
            Authorized = authorization is not null && !authorization.Contains("wrong", StringComparison.OrdinalIgnoreCase),
            Stream = ChatRequest.Flag(body, "stream"),
            At = time.GetUtcNow(),
        });
    }

    private static ProviderProblem? Unauthorized(SimulatorRequest entry, SimulatedDialect dialect) =>
        entry.Authorized ? null : dialect.Unauthorized(present: entry.Authorization is not null);

    /// <summary>One route alone wants the key without <c>Bearer</c>.</summary>
    private static ProviderProblem? BareKey(SimulatorRequest entry, SimulatedDialect dialect, string route) =>
        route == BareKeyRoute && entry.Authorization?.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) == true ? dialect.Unauthorized(present: true) : null;

    private static async Task<JsonElement?> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: cancellationToken);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
