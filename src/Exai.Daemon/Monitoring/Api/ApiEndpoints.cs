using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Exai.Core.Storage;
using Exai.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Exai.Daemon.Monitoring.Api;

/// <summary><c>/api/v1</c>: what the dashboard shows, as JSON.</summary>
internal static class ApiEndpoints
{
    private const string Root = "/api/v1";
    private const int MostCalls = 500;

    public static void MapApi(this IEndpointRouteBuilder routes, DaemonView daemon, ApiViews views, CallViews calls)
    {
        var json = MonitoringJson.Relaxed;
        routes.MapGet(Root + "/overview", context => SendAsync(context, views.OverviewAsync(context.RequestAborted), json.OverviewDocument));
        routes.MapGet(Root + "/calls", context => SendAsync(context, ListAsync(context, calls), json.CallListDocument));
        routes.MapGet(Root + "/calls/{id}", context => FindAsync(context, calls));
        routes.MapPost(Root + "/calls/{id}/cancel", context => CancelAsync(context, daemon));
        routes.MapGet(Root + "/sessions", context => SendAsync(context, Task.FromResult(views.Sessions()), json.SessionListDocument));
        routes.MapGet(Root + "/providers", context => SendAsync(context, views.ProvidersAsync(context.RequestAborted), json.ProviderListDocument));
        routes.MapGet(Root + "/queues", context => SendAsync(context, Task.FromResult(daemon.Core.Admission()), json.AdmissionSnapshot));
        routes.MapGet(Root + "/settings", context => SendAsync(context, Task.FromResult(views.Settings()!), json.SettingListDocument));
        routes.Map(Root + "/{**rest}", context => ProblemAsync(context, StatusCodes.Status404NotFound, $"There is no {context.Request.Method} {context.Request.Path} here."));
    }

    /// <summary>Query: <c>q</c> a part of the question, tool, client, model or id; <c>state</c>; <c>limit</c>.</summary>
    private static async Task<CallListDocument> ListAsync(HttpContext context, CallViews calls)
    {
        var query = context.Request.Query;
        var most = int.TryParse(query["limit"], NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? Math.Clamp(limit, 1, MostCalls) : 100;
        return new CallListDocument(await calls.ListAsync(Given("q"), Given("state"), most, context.RequestAborted));

        string? Given(string name) => query[name].ToString() is { Length: > 0 and <= 200 } text ? text : null;
    }

    private static async Task FindAsync(HttpContext context, CallViews calls)
    {
        if (await calls.FindAsync((string)context.Request.RouteValues["id"]!, context.RequestAborted) is { } found)
        {
            await SendAsync(context, Task.FromResult(found), MonitoringJson.Relaxed.CallDetailDocument);
            return;
        }

        await ProblemAsync(context, StatusCodes.Status404NotFound, "No such call is known; it may be older than EXAI_RESULT_TTL_HOURS.");
    }

    private static async Task CancelAsync(HttpContext context, DaemonView daemon)
    {
        var callId = (string)context.Request.RouteValues["id"]!;
        if (!CallId.TryParse(callId, out callId) || await daemon.Core.History.FindAsync(callId, context.RequestAborted) is not { } row)
        {
            await ProblemAsync(context, StatusCodes.Status404NotFound, "No such call is known.");
            return;
        }

        if (row.FinishedAt is null)
        {
            using var attachment = await daemon.Core.Calls.CancelAsync(callId, token: null, context.RequestAborted);
        }

        context.Response.StatusCode = row.FinishedAt is null ? StatusCodes.Status202Accepted : StatusCodes.Status200OK;
        await WriteAsync(context, new CancelDocument(callId, row.FinishedAt is null ? "cancelling" : row.State), MonitoringJson.Relaxed.CancelDocument);
    }

    private static async Task SendAsync<T>(HttpContext context, Task<T> reading, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            if (await reading is { } document)
            {
                await WriteAsync(context, document, type);
                return;
            }

            await ProblemAsync(context, StatusCodes.Status404NotFound, "This daemon cannot tell.");
        }
        catch (StoreException failure)
        {
            await ProblemAsync(context, StatusCodes.Status503ServiceUnavailable, failure.Message);
        }
    }

    private static Task ProblemAsync(HttpContext context, int status, string error)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, new ProblemDocument(error), MonitoringJson.Relaxed.ProblemDocument);
    }

    private static Task WriteAsync<T>(HttpContext context, T document, JsonTypeInfo<T> type) =>
        context.Response.WriteAsJsonAsync(document, type, contentType: null, context.RequestAborted);
}
