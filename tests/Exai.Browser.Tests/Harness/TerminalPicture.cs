using System.Net;
using System.Text;

namespace Exai.Browser.Tests.Harness;

/// <summary>What a command printed, as a picture of a terminal: a few kilobytes of SVG that any browser shows.</summary>
internal static class TerminalPicture
{
    private const double CharacterWidth = 8.4;
    private const int LineHeight = 19;
    private const int Margin = 16;
    private const int TitleHeight = 34;

    public static string Draw(string command, string output)
    {
        var lines = output.TrimEnd().Split('\n').Select(line => line.TrimEnd()).ToList();
        var width = (int)Math.Ceiling((lines.Append("$ " + command).Max(line => line.Length) * CharacterWidth) + (2 * Margin));
        var height = TitleHeight + ((lines.Count + 1) * LineHeight) + Margin;
        var svg = new StringBuilder(
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="Output of {WebUtility.HtmlEncode(command)}">
            <rect width="100%" height="100%" rx="8" fill="#10151d"/>
            <circle cx="18" cy="17" r="5" fill="#ff8f87"/><circle cx="36" cy="17" r="5" fill="#f0c25b"/><circle cx="54" cy="17" r="5" fill="#6fd598"/>
            <g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" fill="#e6ebf2">

            """);
        Line("$ " + command, 0, "#8ab4ff");
        for (var at = 0; at < lines.Count; at++)
        {
            Line(lines[at], at + 1, colour: null);
        }

        return svg.Append("</g>\n</svg>\n").ToString();

        // The length is given, so that columns stay columns whatever the font.
        void Line(string text, int at, string? colour)
        {
            if (text.Length > 0)
            {
                svg.Append($"<text x=\"{Margin}\" y=\"{TitleHeight + ((at + 1) * LineHeight) - 5}\" textLength=\"{FormattableString.Invariant($"{text.Length * CharacterWidth:0.#}")}\"");
                svg.Append(colour is null ? "" : $" fill=\"{colour}\"").Append('>').Append(Text(text)).Append("</text>\n");
            }
        }
    }

    /// <summary>Spaces that a reader of SVG may not put together.</summary>
    private static string Text(string text) => WebUtility.HtmlEncode(text).Replace("&#39;", "'", StringComparison.Ordinal).Replace(' ', '\u00A0');
}
