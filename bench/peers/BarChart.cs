using System.Globalization;
using System.Net;
using System.Text;

namespace Exai.Peers;

/// <summary>Bars with their figures, as an SVG that reads in light and dark.</summary>
internal static class BarChart
{
    private const int Row = 30;
    private const int Label = 260;
    private const int Bars = 360;

    public static string Draw(string title, IReadOnlyList<(string Name, double Value)> rows)
    {
        var height = 50 + (rows.Count * Row);
        var most = rows.Max(row => row.Value);
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"{height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(title)}\">");
        svg.AppendLine("<style>text{font:14px system-ui,sans-serif;fill:#1f2328}.bar{fill:#8b949e}.ours{fill:#2f81f7}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>");
        svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"8\" y=\"24\" font-weight=\"600\">{WebUtility.HtmlEncode(title)}</text>");
        for (var at = 0; at < rows.Count; at++)
        {
            var (name, value) = rows[at];
            var y = 40 + (at * Row);
            var width = Math.Max(1, Bars * value / most);
            var kind = name.StartsWith("exai", StringComparison.Ordinal) ? "ours" : "bar";
            svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"8\" y=\"{y + 16}\">{WebUtility.HtmlEncode(name)}</text>");
            svg.AppendLine(CultureInfo.InvariantCulture, $"<rect class=\"{kind}\" x=\"{Label}\" y=\"{y}\" width=\"{width:0.#}\" height=\"22\" rx=\"3\"/>");
            svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{Label + width + 8:0.#}\" y=\"{y + 16}\">{value:0.###}</text>");
        }

        return svg.AppendLine("</svg>").ToString();
    }
}
