using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Exai.Core.Providers.Streaming;

/// <summary>One event of a stream, as far as framing goes. To be disposed before the next one is read.</summary>
internal readonly struct StreamEvent(bool isError, bool isEnd, JsonDocument? json, string? text) : IDisposable
{
    /// <summary>It came under the name <c>error</c>; every other name says nothing.</summary>
    public bool IsError { get; } = isError;

    /// <summary>The end mark, <c>[DONE]</c>.</summary>
    public bool IsEnd { get; } = isEnd;

    public JsonDocument? Json { get; } = json;

    /// <summary>What came, if it is no JSON; null for JSON, and for an event that says nothing.</summary>
    public string? Text { get; } = text;

    public void Dispose() => Json?.Dispose();
}

/// <summary>
/// Makes events of their bytes. Its buffer is used again for each of them, so one event lives at a time; one instance per attempt.
/// </summary>
internal sealed class StreamEventReader
{
    private byte[] _buffer = new byte[1024];

    public StreamEvent Read(string eventType, ReadOnlySpan<byte> data)
    {
        var isError = eventType.Equals("error", StringComparison.OrdinalIgnoreCase);
        data = data[Ascii.Trim(data)];
        if (data.IsEmpty || data.SequenceEqual("[DONE]"u8))
            return new StreamEvent(isError, !data.IsEmpty, json: null, isError && data.IsEmpty ? "" : null);

        var json = Utf8.IsValid(data) ? TryParse(Keep(data)) : TryParse(Encoding.UTF8.GetString(data));
        return new StreamEvent(isError, isEnd: false, json, json is null ? Encoding.UTF8.GetString(data) : null);
    }

    public static JsonDocument? TryParse(string text) => TryParse(Encoding.UTF8.GetBytes(text));

    private static JsonDocument? TryParse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            return JsonDocument.Parse(utf8);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private ReadOnlyMemory<byte> Keep(ReadOnlySpan<byte> data)
    {
        if (_buffer.Length < data.Length)
            _buffer = new byte[Math.Max(data.Length, 2 * _buffer.Length)];
        data.CopyTo(_buffer);
        return _buffer.AsMemory(0, data.Length);
    }
}
