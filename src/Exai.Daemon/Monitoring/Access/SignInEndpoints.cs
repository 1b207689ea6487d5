using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Exai.Daemon.Monitoring.Access;

/// <summary><c>POST /api/v1/signin</c> makes a link for whoever has the token; following it signs a browser in.</summary>
internal static class SignInEndpoints
{
    public static void MapSignIn(this IEndpointRouteBuilder routes, SignIn signIn)
    {
        routes.MapPost("/api/v1/signin", context =>
            context.Response.WriteAsJsonAsync(new SignInLink(signIn.NewLink()), MonitoringJson.Default.SignInLink, contentType: null, context.RequestAborted));
        routes.MapGet(SignIn.Path + "{code}", async context =>
        {
            if (signIn.TryUse(context, (string)context.Request.RouteValues["code"]!))
            {
                context.Response.Redirect("/");
                return;
            }

            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync("This link has been used or is older than a minute. 'exai dashboard' makes a new one.\n", context.RequestAborted);
        });
    }
}

/// <param name="Path">On the operations endpoint; good once, for a minute.</param>
internal sealed record SignInLink(string Path);
