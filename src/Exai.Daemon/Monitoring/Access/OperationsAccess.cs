using System.Net;
using Exai.Daemon.Security;
using Microsoft.AspNetCore.Http;

namespace Exai.Daemon.Monitoring.Access;

/// <summary>
/// Who may see what: <c>/health/live</c> and <c>/health/ready</c> everybody, <c>/health</c> and <c>/metrics</c> everybody on this machine, all
/// else the owner, who has the home's token or has signed in with a link from <c>exai dashboard</c>. Host and Origin have been checked before.
/// </summary>
internal sealed class OperationsAccess(RequestGuard guard, SignIn signIn)
{
    public async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        var response = context.Response;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
        response.Headers["Referrer-Policy"] = "no-referrer";
        if (IsOpen(context) || guard.HasToken(context) || signIn.IsSignedIn(context))
        {
            await next(context);
            return;
        }

        response.StatusCode = StatusCodes.Status401Unauthorized;
        response.Headers.WWWAuthenticate = "Bearer";
        response.ContentType = "text/plain; charset=utf-8";
        await response.WriteAsync("This needs the token of this daemon's home. 'exai dashboard' opens the page signed in. The named token of a user opens nothing here.\n", context.RequestAborted);
    }

    private static bool IsOpen(HttpContext context) => context.Request.Path.Value switch
    {
        "/health/live" or "/health/ready" => true,
        // The code in the address is the credential.
        { } path when path.StartsWith(SignIn.Path, StringComparison.Ordinal) => true,
        "/health" or "/metrics" => context.Connection.RemoteIpAddress is { } from && IPAddress.IsLoopback(from),
        _ => false,
    };
}
