using System.Text.RegularExpressions;

namespace Exai.Settings;

/// <summary>
/// Cuts secrets out of text that people will see or send: the values that are configured, and whatever has the form of a key. Better once too
/// often. Thread-safe.
/// </summary>
public sealed partial class Redactor
{
    public const string Hidden = "[hidden]";
    private const int ShortestSecret = 8;

    private readonly string[] _secrets;

    /// <param name="secrets">Values to cut out wherever they stand; short ones are left alone.</param>
    public Redactor(IEnumerable<string?> secrets) =>
        // The longest first: one may be part of another.
        _secrets = [.. secrets.OfType<string>().Select(secret => secret.Trim()).Where(secret => secret.Length >= ShortestSecret).Distinct().OrderByDescending(secret => secret.Length)];

    /// <summary>For all keys and tokens of the settings, and the token of their home.</summary>
    public static Redactor For(ExaiSettings settings, string? homeToken) => new(
    [
        homeToken, settings.Link.Token, settings.Store.Server?.Password, .. Parts(settings.Glm.ApiKey), .. Parts(settings.Kimi.ApiKey),
        .. settings.Endpoints.All.SelectMany(endpoint => Parts(endpoint.ApiKey).Concat(endpoint.Headers.Values.Where(Secrets.LooksLikeKey))),
    ]);

    public string Clean(string text)
    {
        foreach (var secret in _secrets)
        {
            text = text.Replace(secret, Hidden, StringComparison.Ordinal);
        }

        return KeyForm().Replace(text, match => match.Groups["lead"].Value + Hidden);
    }

    /// <summary>A GLM key is <c>id.secret</c>, and either part alone is worth hiding.</summary>
    private static IEnumerable<string?> Parts(string? key) => key is null ? [] : key.Split('.').Prepend(key);

    [GeneratedRegex(
        """(?<lead>\bBearer\s+)\S{8,}|(?<lead>\b(?:api[_-]?key|token|secret|password)["']?\s*[=:]\s*["']?)[^\s"',;]{8,}|\b(?:sk|pk|rk|ghp|gho|ghs|glpat|xox[abp])[-_][A-Za-z0-9_\-]{12,}|\bexai_[A-Za-z0-9_\-]{43}(?![A-Za-z0-9_\-])|\bAKIA[A-Z0-9]{16}\b|\b[0-9a-f]{16,}\.[A-Za-z0-9]{10,}|\beyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+""",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex KeyForm();
}
