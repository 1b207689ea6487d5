using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Exai.Daemon.Monitoring.Health;

/// <summary><c>/health/live</c> (restart me if not), <c>/health/ready</c> (send me calls if so), <c>/health</c> (why).</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes, HealthCheck check)
    {
        routes.MapGet("/health/live", context => SayAsync(context, check.IsLive, "live", "stuck"));
        routes.MapGet("/health/ready", async context => await SayAsync(context, (await check.ReadAsync(context.RequestAborted)).Ready, "ready", "not ready"));
        routes.MapGet("/health", async context =>
        {
            var report = await check.ReadAsync(context.RequestAborted);
            context.Response.StatusCode = report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            await context.Response.WriteAsJsonAsync(report, MonitoringJson.Default.HealthReport, contentType: null, context.RequestAborted);
        });
    }

    private static Task SayAsync(HttpContext context, bool good, string yes, string no)
    {
        context.Response.StatusCode = good ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(good ? yes : no, context.RequestAborted);
    }
}
