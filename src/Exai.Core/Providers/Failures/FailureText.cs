using System.Text;
using System.Text.RegularExpressions;

namespace Exai.Core.Providers.Failures;

/// <summary>Makes a provider's words safe to show: no control characters, no key, no page of HTML, not long.</summary>
internal static partial class FailureText
{
    private const int LongestMessage = 300;
    private const int LongestCode = 64;
    private const string Cut = "[key]";

    /// <summary>Null when nothing remains that helps a reader.</summary>
    public static string? Message(string? text, ProviderEndpoint endpoint)
    {
        var clean = Clean(text, endpoint);
        return clean.Length == 0 || clean[0] == '<' ? null : Shortened(clean, LongestMessage);
    }

    /// <summary>A vendor code or finish reason: free text on the wire, so treated as such.</summary>
    public static string? Code(string? text, ProviderEndpoint endpoint)
    {
        var clean = Clean(text, endpoint);
        return clean.Length == 0 ? null : Shortened(clean, LongestCode);
    }

    private static string Clean(string? text, ProviderEndpoint endpoint)
    {
        if (string.IsNullOrWhiteSpace(text))
            return "";

        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            // The first step also ends lines, so that a message stays one line in a log; the second takes out invisible direction marks.
            if (Rune.IsControl(rune))
                plain.Append(' ');
            else if (Rune.GetUnicodeCategory(rune) != System.Globalization.UnicodeCategory.Format)
                plain.Append(rune.ToString());
        }

        // Before any shortening: half a key is a secret too.
        foreach (var secret in endpoint.Secrets())
            plain.Replace(secret, Cut);
        return Blanks().Replace(KeyLike().Replace(plain.ToString(), Cut), " ").Trim();
    }

    private static string Shortened(string text, int longest)
    {
        if (text.Length <= longest)
            return text;

        var end = char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest;
        return text[..end] + "…";
    }

    /// <summary>Providers that repeat a key often mask its middle, which hides it from a search for the whole.</summary>
    [GeneratedRegex(@"\bsk-[\w*.…-]{4,}", RegexOptions.CultureInvariant)]
    private static partial Regex KeyLike();

    [GeneratedRegex(@"\s{2,}", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();
}
