using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Exai.Cli.Clients;

/// <summary>
/// Changes one member of a JSON text and leaves every other byte alone: comments, order and layout are their owner's.
/// </summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, IndentSize = 2, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonReaderOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>The member's value; null when it, or what should hold it, is not there.</summary>
    /// <exception cref="JsonException">The text is no JSON object.</exception>
    public static JsonNode? Find(string text, string parent, string name) =>
        (Parse(text)[parent] as JsonObject)?[name];

    /// <summary>The text with the member set; the parent is made if it is missing.</summary>
    /// <exception cref="JsonException">The text is no JSON object, or the parent is something else.</exception>
    public static string Set(string text, string parent, string name, JsonObject value)
    {
        if (text.Trim().Length == 0)
        {
            return new JsonObject { [parent] = new JsonObject { [name] = value.DeepClone() } }.ToJsonString(Layout) + "\n";
        }

        Parse(text);
        var bytes = Encoding.UTF8.GetBytes(text);
        var root = ObjectAt(bytes, []) ?? throw new JsonException("It is no object.");
        if (ObjectAt(bytes, [parent]) is not { } servers)
        {
            return Insert(bytes, root, parent, new JsonObject { [name] = value.DeepClone() });
        }

        return servers.Members.FirstOrDefault(member => member.Name == name) is { } known
            ? Replace(bytes, known.ValueStart, known.ValueEnd, Written(value, Indent(bytes, known.NameStart)).ReplaceLineEndings(Newline(bytes)))
            : Insert(bytes, servers, name, value);
    }

    /// <summary>The text without the member.</summary>
    public static string Remove(string text, string parent, string name)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (ObjectAt(bytes, [parent])?.Members is not { } members || members.FindIndex(member => member.Name == name) is not (>= 0 and var at))
        {
            return text;
        }

        // With the comma that parted it from its neighbour, and the white space before it.
        var start = at > 0 ? members[at - 1].ValueEnd : members[at].NameStart;
        var end = at == 0 && members.Count > 1 ? members[1].NameStart : members[at].ValueEnd;
        if (at == 0 && members.Count == 1)
        {
            start = SkipBack(bytes, start);
        }

        return Replace(bytes, start, end, "");
    }

    private static JsonObject Parse(string text) => JsonNode.Parse(
        text.Trim().Length == 0 ? "{}" : text, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })
            as JsonObject ?? throw new JsonException("It is no object.");

    private static string Insert(byte[] bytes, Found into, string name, JsonObject value)
    {
        var newline = Newline(bytes);
        var outer = Indent(bytes, into.Start);
        var indent = into.Members is [var first, ..] && Indent(bytes, first.NameStart) is { Length: > 0 } used ? used : outer + "  ";
        var member = $"{JsonSerializer.Serialize(name)}: {Written(value, indent).ReplaceLineEndings(newline)}";
        return into.Members is [.., var last]
            ? Replace(bytes, last.ValueEnd, last.ValueEnd, $",{newline}{indent}{member}")
            : Replace(bytes, into.Start + 1, into.Start + 1, $"{newline}{indent}{member}{(OnlySpace(bytes, into.Start + 1, into.End) ? newline + outer : "")}", dropSpaceUntil: into.End);
    }

    private static string Newline(byte[] bytes) => bytes.AsSpan().IndexOf("\r\n"u8) >= 0 ? "\r\n" : "\n";

    private static string Written(JsonObject value, string indent) => value.ToJsonString(Layout).ReplaceLineEndings("\n" + indent);

    private static string Replace(byte[] bytes, int start, int end, string by, int? dropSpaceUntil = null)
    {
        if (dropSpaceUntil is { } limit && OnlySpace(bytes, end, limit))
        {
            end = limit;
        }

        return Encoding.UTF8.GetString(bytes, 0, start) + by + Encoding.UTF8.GetString(bytes, end, bytes.Length - end);
    }

    private static bool OnlySpace(byte[] bytes, int start, int end) => bytes.AsSpan(start, end - start).IndexOfAnyExcept(" \t\r\n"u8) < 0;

    private static int SkipBack(byte[] bytes, int from)
    {
        while (from > 0 && bytes[from - 1] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            from--;
        }

        return from;
    }

    /// <summary>The white space that begins the line.</summary>
    private static string Indent(byte[] bytes, int at)
    {
        var line = bytes.AsSpan(0, at).LastIndexOf((byte)'\n') + 1;
        var end = line;
        while (end < at && bytes[end] is (byte)' ' or (byte)'\t')
        {
            end++;
        }

        return Encoding.ASCII.GetString(bytes, line, end - line);
    }

    /// <summary>Where an object and its members stand; null when there is none at the path.</summary>
    private static Found? ObjectAt(byte[] bytes, string[] path)
    {
        var reader = new Utf8JsonReader(bytes, Lenient);
        reader.Read();
        foreach (var name in path)
        {
            if (reader.TokenType != JsonTokenType.StartObject || !TryEnter(ref reader, name))
            {
                return null;
            }
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException($"'{string.Join('.', path)}' is no object.");
        }

        var start = (int)reader.TokenStartIndex;
        var members = new List<Member>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (name, nameStart) = (reader.GetString()!, (int)reader.TokenStartIndex);
            reader.Read();
            var valueStart = (int)reader.TokenStartIndex;
            reader.Skip();
            members.Add(new Member(name, nameStart, valueStart, (int)reader.BytesConsumed));
        }

        return new Found(start, (int)reader.TokenStartIndex, members);
    }

    private static bool TryEnter(ref Utf8JsonReader reader, string name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(name);
            reader.Read();
            if (found)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private sealed record Found(int Start, int End, List<Member> Members);

    private sealed record Member(string Name, int NameStart, int ValueStart, int ValueEnd);
}
