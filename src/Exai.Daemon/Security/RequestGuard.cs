using System.Net;
using System.Security.Cryptography;
using System.Text;
using Exai.Settings;
using Microsoft.AspNetCore.Http;

namespace Exai.Daemon.Security;

/// <summary>
/// Who may talk to the daemon: the Host and Origin that loopback or the settings allow (else 403, checked before anything else), and
/// whoever knows the token (else 401, which says nothing more). No CORS header is ever sent.
/// </summary>
internal sealed class RequestGuard(LinkSettings link, Func<string?> token)
{
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

    /// <summary>Compares hashes, so that neither time nor length tells anything about the token.</summary>
    public bool HasToken(HttpContext context)
    {
        const string Scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        return token() is { } expected
            && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Hash(header[Scheme.Length..].Trim()), Hash(expected));
    }

    /// <summary>Answers 401 to whoever does not know the token.</summary>
    public bool RequireToken(HttpContext context)
    {
        if (HasToken(context))
        {
            return true;
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return false;
    }

    private bool IsAllowed(string host) =>
        LoopbackNames.Contains(host, StringComparer.OrdinalIgnoreCase)
        || string.Equals(host, link.Host, StringComparison.OrdinalIgnoreCase)
        || link.AllowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase)
        // A daemon that was told to listen beyond loopback is meant to be reached by its addresses; names can be rebound, addresses cannot.
        || (!link.HostIsLoopback && IPAddress.TryParse(host.Trim('[', ']'), out _));

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
