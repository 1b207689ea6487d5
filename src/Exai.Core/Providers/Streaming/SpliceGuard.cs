using System.Text;
using System.Text.Json;

namespace Exai.Core.Providers.Streaming;

/// <summary>
/// Sees to it that no text of two completions is joined. Providers have been seen to append a second completion's stream to that of a
/// first which broke off: after a data line cut in mid-JSON, between two events, or as text within a delta. The second one has an id of
/// its own. Servers that make up an id per chunk never show the same one twice, and are left alone.
/// </summary>
internal sealed class SpliceGuard
{
    /// <summary>Enough to find a splice, and a bound to the work on a line made of nothing but its marks.</summary>
    private const int MostMarks = 8;

    private int _seen;

    /// <summary>The id of the completion; null until a chunk tells it.</summary>
    public string? Id { get; private set; }

    /// <summary>Notes the chunk's id.</summary>
    /// <param name="afterGap">An unreadable event came before: the next other id is then a second completion's for certain.</param>
    /// <returns>Whether the chunk belongs to another completion than those before it.</returns>
    public bool IsForeign(JsonElement chunk, bool afterGap)
    {
        if (chunk.ValueKind != JsonValueKind.Object || !chunk.TryGetProperty("id", out var id) || id.ValueKind != JsonValueKind.String)
            return false;
        if (Id is not null && chunk.Says("id", Id))
        {
            _seen++;
            return false;
        }

        if (id.Text() is not { Length: > 0 } other)
            return false;
        if (Id is not null && (_seen > 1 || afterGap))
            return true;

        (Id, _seen) = (other, 1);
        return false;
    }

    /// <summary>Whether an event that is no JSON holds the beginning of another completion's chunk after its own.</summary>
    public bool IsSpliced(string unreadable)
    {
        var own = Id ?? IdOf(unreadable);
        var mark = 0;
        for (var marks = 0; marks < MostMarks && (mark = NextObject(unreadable, mark + 1)) > 0; marks++)
        {
            if (IdOf(unreadable.AsSpan(mark)) is { } id && id != own)
                return true;
        }

        return false;
    }

    /// <summary>
    /// Whether a delta's text is a whole chunk of another completion, data mark and all. An answer that explains streams shows such lines
    /// too, but in pieces, or with another model's name.
    /// </summary>
    public bool IsSplicedText(string text, string model)
    {
        var mark = text.Contains("data:", StringComparison.Ordinal) ? NextObject(text, 0) : -1;
        if (mark < 0 || ParseFirst(text.AsSpan(mark)) is not { } json)
            return false;

        using (json)
        {
            var chunk = json.RootElement;
            return chunk.Text("id") is { Length: > 0 } id && id != Id
                && chunk.TryGetProperty("choices", out var choices) && choices.ValueKind == JsonValueKind.Array
                && (chunk.Text("model") ?? model) == model;
        }
    }

    /// <summary>Where the next object after a data mark or a line break starts; -1 if nowhere.</summary>
    private static int NextObject(string text, int from)
    {
        while (from < text.Length && text.IndexOf('{', from) is >= 0 and var brace)
        {
            var before = text.AsSpan(0, brace);
            if (before.EndsWith("\n", StringComparison.Ordinal) || before.TrimEnd(' ').EndsWith("data:", StringComparison.Ordinal))
                return brace;
            from = brace + 1;
        }

        return -1;
    }

    /// <summary>The <c>id</c> of an object, which may be cut anywhere after it.</summary>
    private static string? IdOf(ReadOnlySpan<char> json)
    {
        var reader = new Utf8JsonReader(Bytes(json), isFinalBlock: false, state: default);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals("id"u8))
                    return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // No JSON after all, or half a surrogate pair in the id.
        }

        return null;
    }

    private static JsonDocument? ParseFirst(ReadOnlySpan<char> json)
    {
        var reader = new Utf8JsonReader(Bytes(json), isFinalBlock: true, state: default);
        try
        {
            return JsonDocument.TryParseValue(ref reader, out var document) ? document : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Bytes(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}
