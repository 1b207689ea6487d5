using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Exai.Daemon.Monitoring.Page;

/// <summary><c>/</c> and its files, from inside this program: they need no folder, no Node and no network.</summary>
internal static class PageEndpoints
{
    private const string Resources = "page/";

    public static void MapPage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", context => SendAsync(context, "index.html"));
        routes.MapGet("/assets/{**file}", context => SendAsync(context, (string)context.Request.RouteValues["file"]!));
    }

    /// <summary>Only what was built in has a name here, so no path leads anywhere else.</summary>
    private static async Task SendAsync(HttpContext context, string file)
    {
        await using var stream = typeof(PageEndpoints).Assembly.GetManifestResourceStream(Resources + file);
        if (stream is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        context.Response.ContentType = Path.GetExtension(file) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "text/plain; charset=utf-8",
        };
        await stream.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
