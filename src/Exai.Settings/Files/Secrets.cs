namespace Exai.Settings;

/// <summary>Tells what may be a key, so that it is neither taken from a file for everybody's eyes nor shown.</summary>
internal static class Secrets
{
    private const int ShortestKey = 24;

    /// <summary>A member or header whose value would be a secret.</summary>
    public static bool IsNamedLikeKey(string name)
    {
        var plain = name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();
        return plain is "KEY" or "AUTH" or "AUTHORIZATION" or "PROXYAUTHORIZATION" or "COOKIE" or "PASSWORD" or "PASSWD" or "BEARER" or "JWT" or "CREDENTIAL" or "CREDENTIALS"
            || plain.EndsWith("KEY", StringComparison.Ordinal)
            || plain.EndsWith("TOKEN", StringComparison.Ordinal)
            || plain.Contains("SECRET", StringComparison.Ordinal)
            || plain.Contains("PASSWORD", StringComparison.Ordinal);
    }

    /// <summary>Better hidden once too often: a long word of letters and digits is one, an address or a sentence is none.</summary>
    public static bool LooksLikeKey(string text) =>
        text.StartsWith("sk-", StringComparison.Ordinal)
        || text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
        || (text.Length >= ShortestKey
            && text.AsSpan().IndexOfAnyInRange('0', '9') >= 0
            && text.AsSpan().IndexOfAny(" /:\\") < 0
            && CountDigits(text) >= 4);

    private static int CountDigits(string text)
    {
        var digits = 0;
        foreach (var c in text)
        {
            digits += char.IsAsciiDigit(c) ? 1 : 0;
        }

        return digits;
    }
}
