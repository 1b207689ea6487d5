using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Exai.Shim.Messages;

/// <summary>Finds and inserts members in raw JSON without building a document.</summary>
internal static class JsonSlice
{
    /// <summary>Far beyond what anybody sends: whether it is too deep is for the message's receiver to say.</summary>
    public static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = 1000 };

    /// <summary>
    /// A member's raw value and where it starts within <paramref name="json"/>, which may go on behind the object; an empty value when there
    /// is none. Of several of one name the last counts, as it does for the parsers at both ends.
    /// </summary>
    public static (ReadOnlyMemory<byte> Value, int Start) Member(ReadOnlyMemory<byte> json, string name)
    {
        (ReadOnlyMemory<byte>, int) last = (default, -1);
        if (json.IsEmpty || json.Span[0] != (byte)'{')
        {
            return last;
        }

        var reader = new Utf8JsonReader(json.Span, AnyDepth);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(name);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (found)
            {
                last = (json[start..(int)reader.BytesConsumed], start);
            }
        }

        return last;
    }

    /// <summary>The raw values of an array.</summary>
    /// <exception cref="JsonException">It is no whole array.</exception>
    public static List<ReadOnlyMemory<byte>> Elements(ReadOnlyMemory<byte> json)
    {
        var elements = new List<ReadOnlyMemory<byte>>();
        var reader = new Utf8JsonReader(json.Span, AnyDepth);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            elements.Add(json[start..(int)reader.BytesConsumed]);
        }

        // Nothing but white space may follow.
        reader.Read();
        return elements;
    }

    public static string? Text(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty || json.Span[0] != (byte)'"')
        {
            return null;
        }

        var reader = new Utf8JsonReader(json.Span, AnyDepth);
        reader.Read();
        return Text(ref reader);
    }

    /// <summary>The string at which the reader stands; null where it is none, or holds half a surrogate pair or broken UTF-8.</summary>
    public static string? Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // It is JSON all the same: whoever needs the value finds none, everybody else passes it on.
            return null;
        }
    }

    public static double? Number(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
        {
            return null;
        }

        var reader = new Utf8JsonReader(json.Span, AnyDepth);
        reader.Read();
        return reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : null;
    }

    /// <summary>Puts <c>"name":value</c> first into the object that starts at <paramref name="objectStart"/>.</summary>
    public static byte[] InsertMember(ReadOnlyMemory<byte> json, int objectStart, string member)
    {
        var rest = json.Span[(objectStart + 1)..];
        var isEmpty = rest.TrimStart(" \t\r\n"u8)[0] == (byte)'}';
        return [.. json.Span[..(objectStart + 1)], .. Encoding.UTF8.GetBytes(isEmpty ? member : member + ","), .. rest];
    }

    /// <summary>Gives the object that starts at <paramref name="objectStart"/> a member, in the place of the one of that name if it has it.</summary>
    public static byte[] SetMember(ReadOnlyMemory<byte> json, int objectStart, string name, string value)
    {
        var (old, start) = Member(json[objectStart..], name);
        return start < 0
            ? InsertMember(json, objectStart, $"{Quote(name)}:{value}")
            : [.. json.Span[..(objectStart + start)], .. Encoding.UTF8.GetBytes(value), .. json.Span[(objectStart + start + old.Length)..]];
    }

    /// <summary>Not by a serializer: it would have to be made for the first text, and a client waits then.</summary>
    public static string Quote(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    /// <summary>The same value on one line: line breaks between tokens are white space, those within strings are escaped already.</summary>
    public static ReadOnlyMemory<byte> OnOneLine(ReadOnlyMemory<byte> json)
    {
        if (json.Span.IndexOfAny((byte)'\n', (byte)'\r') < 0)
        {
            return json;
        }

        var copy = json.ToArray();
        copy.AsSpan().Replace((byte)'\n', (byte)' ');
        copy.AsSpan().Replace((byte)'\r', (byte)' ');
        return copy;
    }
}
