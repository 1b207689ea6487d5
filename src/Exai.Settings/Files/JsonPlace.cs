using System.Text;
using System.Text.Json;

namespace Exai.Settings;

/// <summary>A value in a JSON file that people write, with the place where it stands. Comments and trailing commas are allowed.</summary>
internal sealed class JsonPlace
{
    private const int Deepest = 16;

    private JsonPlace(string path, int line, JsonTokenType kind, string text)
    {
        Path = path;
        Line = line;
        Kind = kind;
        Text = text;
    }

    /// <summary>As <c>providers[1].limits</c>; empty for the whole file.</summary>
    public string Path { get; }

    /// <summary>From 1.</summary>
    public int Line { get; }

    /// <summary>StartObject, StartArray, String, Number, True, False or Null.</summary>
    public JsonTokenType Kind { get; }

    /// <summary>A string's content, or a number as it is written.</summary>
    public string Text { get; }

    /// <summary>Of an object, in the file's order; a name may occur twice.</summary>
    public List<(string Name, JsonPlace Value)> Members { get; } = [];

    /// <summary>Of an array.</summary>
    public List<JsonPlace> Items { get; } = [];

    /// <summary>What kind of value it is, for people.</summary>
    public string KindInWords => Kind switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "true or false",
    };

    /// <exception cref="JsonException">It is not JSON; the line is in it, counted from 0.</exception>
    public static JsonPlace Parse(string text)
    {
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(text.TrimStart('\uFEFF'));
        var options = new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = Deepest };
        var reader = new Utf8JsonReader(bytes, options);
        var lines = new LineCount(bytes);
        reader.Read();
        var root = Read(ref reader, ref lines, "");
        // Whatever follows the value fails here.
        reader.Read();
        return root;
    }

    private static JsonPlace Read(ref Utf8JsonReader reader, ref LineCount lines, string path)
    {
        var line = lines.At((int)reader.TokenStartIndex);
        var text = reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString()!,
            JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
            _ => "",
        };
        var place = new JsonPlace(path, line, reader.TokenType, text);
        if (place.Kind == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                place.Members.Add((name, Read(ref reader, ref lines, path.Length == 0 ? name : $"{path}.{name}")));
            }
        }
        else if (place.Kind == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                place.Items.Add(Read(ref reader, ref lines, $"{path}[{place.Items.Count}]"));
            }
        }

        return place;
    }

    /// <summary>Counts lines on the way through the file, once.</summary>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
    private ref struct LineCount(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private int _counted;
        private int _line = 1;

        public int At(int index)
        {
            _line += _bytes[_counted..index].Count((byte)'\n');
            _counted = index;
            return _line;
        }
    }
}
