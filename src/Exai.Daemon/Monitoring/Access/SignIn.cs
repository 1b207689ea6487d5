using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Exai.Daemon.Monitoring.Access;

/// <summary>
/// A browser's way in without the token in its address: a link that works once within a minute, exchanged for a cookie. The cookie is signed
/// with the token, so it outlives a restart of the daemon and ends with the token. Thread-safe.
/// </summary>
internal sealed class SignIn(Func<string?> token, TimeProvider time)
{
    public const string Path = "/signin/";
    private const string Cookie = "exai-session";
    private static readonly TimeSpan LinkLife = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SessionLife = TimeSpan.FromHours(12);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _links = new(StringComparer.Ordinal);

    /// <summary>The path of a new link.</summary>
    public string NewLink()
    {
        var now = time.GetUtcNow();
        foreach (var old in _links.Where(link => link.Value < now))
        {
            _links.TryRemove(old);
        }

        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));
        _links[code] = now + LinkLife;
        return Path + code;
    }

    /// <summary>Takes the code of a link; true when it was good, and the response then carries the cookie.</summary>
    public bool TryUse(HttpContext context, string code)
    {
        var now = time.GetUtcNow();
        if (!_links.TryRemove(code, out var until) || until < now || token() is not { } secret)
        {
            return false;
        }

        var end = now + SessionLife;
        var ends = end.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        context.Response.Cookies.Append(
            Cookie, $"{ends}.{Signature(secret, ends)}", new CookieOptions { HttpOnly = true, Secure = context.Request.IsHttps, SameSite = SameSiteMode.Strict, Path = "/", Expires = end });
        return true;
    }

    /// <summary>
    /// Whether the request carries a good cookie and comes from this page. Browsers send cookies to every port of a host, so a page of another
    /// local server could use one: whatever says where it comes from must come from here.
    /// </summary>
    public bool IsSignedIn(HttpContext context)
    {
        if (context.Request.Cookies[Cookie]?.Split('.') is not [var ends, var signature] || token() is not { } secret || !IsOwnPage(context.Request))
        {
            return false;
        }

        return long.TryParse(ends, NumberStyles.None, CultureInfo.InvariantCulture, out var end)
            && end > time.GetUtcNow().ToUnixTimeSeconds()
            && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(signature), Encoding.ASCII.GetBytes(Signature(secret, ends)));
    }

    private static bool IsOwnPage(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        return origin.Length > 0
            ? Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase)
            : request.Method is "GET" or "HEAD";
    }

    private static string Signature(string secret, string ends) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.ASCII.GetBytes("exai-dashboard " + ends)));
}
