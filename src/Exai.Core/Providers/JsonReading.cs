using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Exai.Core.Providers;

/// <summary>Reads of JSON that other people write: a member of the wrong kind is as good as absent.</summary>
internal static class JsonReading
{
    private static readonly JsonElement NoItems = JsonElement.Parse("[]"u8);

    /// <summary>A string's value. A lone surrogate is kept: servers split an emoji's escapes across chunks, and joining the texts mends it.</summary>
    public static string? Text(this JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            return Unescape(element.GetRawText().AsSpan()[1..^1]);
        }
    }

    public static string? Text(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member.Text() : null;

    public static long? Number(this JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var member) || member.ValueKind != JsonValueKind.Number)
            return null;
        if (member.TryGetInt64(out var whole))
            return whole;
        return member.TryGetDouble(out var real) && Math.Abs(real) < long.MaxValue / 2d ? (long)real : null;
    }

    /// <summary>The member if it is an object; otherwise undefined, in which every look-up finds nothing.</summary>
    public static JsonElement Object(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.Object
            ? member
            : default;

    /// <summary>The items of the member if it is an array; otherwise none.</summary>
    public static JsonElement.ArrayEnumerator Items(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.Array
            ? member.EnumerateArray()
            : NoItems.EnumerateArray();

    /// <summary>Whether the member is an array with anything in it. Asked of every token: LINQ's Any would make the enumerator an object.</summary>
    public static bool HasItems(this JsonElement element, string name) => element.Items(name).MoveNext();

    /// <summary>Whether the member is this very string; cheaper than reading it.</summary>
    public static bool Says(this JsonElement element, string name, string text)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var member) || member.ValueKind != JsonValueKind.String)
            return false;
        try
        {
            return member.ValueEquals(text);
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate on their side.
            return member.Text() == text;
        }
    }

    // The parser has checked the escapes already.
    private static string Unescape(ReadOnlySpan<char> raw)
    {
        var text = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }

            i++;
            text.Append(raw[i] switch
            {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\b',
                'f' => '\f',
                'u' => (char)ushort.Parse(raw.Slice(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                var other => other,
            });
            if (raw[i] == 'u')
                i += 4;
        }

        return text.ToString();
    }
}
