using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Exai.Cli.Clients;

/// <summary>Changes one table of a TOML text and leaves every other line alone.</summary>
internal static partial class TomlText
{
    /// <summary>The table's own lines; null when it is not there.</summary>
    public static string? Find(string text, string table) => Place(text, table) is var (start, end) ? text[start..end] : null;

    public static string Set(string text, string table, ProgramCommand program)
    {
        var newline = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var written = $"[{table}]{newline}command = {Quoted(program.File)}{newline}args = [{string.Join(", ", program.Arguments.Select(Quoted))}]{newline}";
        if (Place(text, table) is var (start, end))
        {
            // What else the user has set there stays.
            var others = text[start..end].Split('\n').Skip(1).Where(line => !OwnKey().IsMatch(line)).ToList();
            return text[..start] + written + string.Join('\n', others) + text[end..];
        }

        var gap = text.Length == 0 ? "" : text.EndsWith('\n') ? newline : newline + newline;
        return text + gap + written;
    }

    /// <summary>Without the table and those below it.</summary>
    public static string Remove(string text, string table)
    {
        while (Place(text, table, below: true) is var (start, end))
        {
            text = text[..start].TrimEnd('\n', '\r') + (start == 0 ? "" : "\n") + (end < text.Length && start > 0 ? "\n" : "") + text[end..];
        }

        return text;
    }

    /// <summary>From a table's header to the next.</summary>
    private static (int Start, int End)? Place(string text, string table, bool below = false)
    {
        var headers = Header().Matches(text);
        for (var at = 0; at < headers.Count; at++)
        {
            var name = headers[at].Groups["name"].Value.Replace("\"", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
            if (name == table || (below && name.StartsWith(table + ".", StringComparison.Ordinal)))
            {
                return (headers[at].Index, at + 1 < headers.Count ? headers[at + 1].Index : text.Length);
            }
        }

        return null;
    }

    /// <summary>A TOML basic string has the escapes of a JSON string.</summary>
    private static string Quoted(string text) =>
        new StringBuilder().Append('"').Append(JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)).Append('"').ToString();

    [GeneratedRegex("""^[ \t]*\[(?<name>[^\[\]\r\n]+)\][ \t]*(#.*)?$""", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Header();

    [GeneratedRegex("""^\s*(command|args)\s*=""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OwnKey();
}
