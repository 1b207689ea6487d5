using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Exai.Core.Tokens;
using Exai.Protocol;
using Exai.Settings;
using Microsoft.AspNetCore.Http;

namespace Exai.Daemon.Security;

/// <summary>
/// Who may talk to the daemon: the Host and Origin that loopback or the settings allow (else 403, checked before anything else), and
/// whoever knows the home's own token or, where calls are made, a named one (else 401, which says nothing more). No CORS header is ever sent.
/// </summary>
/// <param name="tokens">Null where the home's own token counts alone.</param>
internal sealed class RequestGuard(LinkSettings link, Func<string?> token, TokenRegistry? tokens = null)
{
    private const string Scheme = "Bearer ";

    private static readonly string[] LoopbackNames = ["localhost", "127.0.0.1", "[::1]", "::1"];

    public async Task CheckAddressAsync(HttpContext context, RequestDelegate next)
    {
        var origin = context.Request.Headers.Origin.ToString();
        var originAllowed = origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && IsAllowed(uri.Host));
        if (originAllowed && IsAllowed(context.Request.Host.Host))
        {
            await next(context);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
        }
    }

    /// <summary>Whether it comes from the owner. Compares hashes, so that neither time nor length tells anything about the token.</summary>
    public bool HasToken(HttpContext context) =>
        token() is { } expected && Secret(context) is { } given && CryptographicOperations.FixedTimeEquals(Hash(given), Hash(expected));

    /// <summary>
    /// Answers 401 to whoever knows neither the home's token nor a good named one; 503 while it is not known which named ones there are.
    /// </summary>
    public bool RequireCaller(HttpContext context, [NotNullWhen(true)] out Caller? caller)
    {
        caller = HasToken(context) ? Caller.Owner
            : Secret(context) is { Length: > 0 } secret ? tokens?.Find(secret, context.Connection.RemoteIpAddress?.ToString() ?? "an unknown address")
            : null;
        if (caller is not null)
        {
            return true;
        }

        if (tokens is { IsRead: false } && Secret(context) is { Length: > 0 })
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "1";
            context.Response.Headers[LinkContract.ReasonHeader] = "the named tokens have not been read yet: the database is not there.";
            return false;
        }

        Refuse(context);
        return false;
    }

    /// <summary>Answers 401 to whoever does not know the home's own token.</summary>
    public bool RequireToken(HttpContext context)
    {
        if (HasToken(context))
        {
            return true;
        }

        Refuse(context);
        return false;
    }

    private static void Refuse(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = "Bearer";
    }

    /// <summary>Null when the request brings none.</summary>
    private static string? Secret(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
    }

    private bool IsAllowed(string host) =>
        LoopbackNames.Contains(host, StringComparer.OrdinalIgnoreCase)
        || string.Equals(host, link.Host, StringComparison.OrdinalIgnoreCase)
        || link.AllowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase)
        // A daemon that was told to listen beyond loopback is meant to be reached by its addresses; names can be rebound, addresses cannot.
        || (!link.HostIsLoopback && IPAddress.TryParse(host.Trim('[', ']'), out _));

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
