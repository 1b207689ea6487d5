using System.Text.Json;

namespace Exai.Shim.Messages;

internal enum MessageKind
{
    Request,
    Notification,
    Response,
}

/// <summary>
/// One JSON-RPC message as bytes, with what the relay must know of it. The bytes are never re-written on their way through,
/// so fields that nobody here knows survive.
/// </summary>
internal sealed class Envelope
{
    private readonly ReadOnlyMemory<byte> _params;

    private Envelope(ReadOnlyMemory<byte> bytes, MessageKind kind, RequestId? id, string? method, ReadOnlyMemory<byte> parameters, int paramsStart)
    {
        Bytes = bytes;
        Kind = kind;
        Id = id;
        Method = method;
        _params = parameters;
        ParamsStart = paramsStart;
    }

    public ReadOnlyMemory<byte> Bytes { get; }

    public MessageKind Kind { get; }

    /// <summary>Of a request or response.</summary>
    public RequestId? Id { get; }

    public string? Method { get; }

    /// <summary>Where <c>params</c> begins within <see cref="Bytes"/>; -1 when there are none.</summary>
    public int ParamsStart { get; }

    /// <summary>The value at a path inside <c>params</c>, as raw JSON; empty when it is not there.</summary>
    public ReadOnlyMemory<byte> Param(params ReadOnlySpan<string> path)
    {
        var slice = _params;
        foreach (var name in path)
        {
            slice = JsonSlice.Member(slice, name).Value;
        }

        return slice;
    }

    /// <summary>The same, where it is a string.</summary>
    public string? ParamText(params ReadOnlySpan<string> path) => JsonSlice.Text(Param(path));

    /// <summary>Reads one message.</summary>
    /// <exception cref="MalformedMessageException">It is none; the exception carries the JSON-RPC error to answer with.</exception>
    public static Envelope Parse(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return ParseObject(bytes);
        }
        catch (JsonException)
        {
            throw new MalformedMessageException(-32700, "Parse error: the line is not valid JSON.", id: null);
        }
    }

    private static Envelope ParseObject(ReadOnlyMemory<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes.Span, JsonSlice.AnyDepth);
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Skip();
            reader.Read();
            throw new MalformedMessageException(-32600, "Invalid request: this version of the protocol has no batches; send one message per line.", id: null);
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new MalformedMessageException(-32600, "Invalid request: a message is a JSON object.", id: null);
        }

        RequestId? id = null;
        var (hasId, badId, hasResult, hasMethod) = (false, false, false, false);
        string? method = null;
        ReadOnlyMemory<byte> parameters = default;
        var paramsStart = -1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                hasId = true;
                id = RequestId.Read(ref reader);
                badId = id is null;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("method"u8))
            {
                reader.Read();
                hasMethod = true;
                method = JsonSlice.Text(ref reader);
                reader.Skip();
            }
            else if (reader.ValueTextEquals("params"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                var isObject = reader.TokenType == JsonTokenType.StartObject;
                reader.Skip();
                if (isObject)
                {
                    paramsStart = start;
                    parameters = bytes[start..(int)reader.BytesConsumed];
                }
            }
            else
            {
                hasResult |= reader.ValueTextEquals("result"u8) || reader.ValueTextEquals("error"u8);
                reader.Read();
                reader.Skip();
            }
        }

        // Nothing but white space may follow the object.
        reader.Read();

        if (hasMethod && (method is null || badId))
        {
            throw new MalformedMessageException(
                -32600, method is null ? "Invalid request: 'method' is not a string." : "Invalid request: 'id' must be a string or an integer.", id);
        }

        var kind = hasMethod ? (hasId ? MessageKind.Request : MessageKind.Notification)
            : hasResult && id is not null ? MessageKind.Response
            : throw new MalformedMessageException(-32600, "Invalid request: neither a request, a notification nor a response.", id);
        return new Envelope(bytes, kind, id, method, parameters, paramsStart);
    }
}

/// <summary>A JSON-RPC id by type and value: <c>"1"</c> is not <c>1</c>, and every spelling of a string is the same id.</summary>
internal readonly record struct RequestId(string? Text, long Number)
{
    /// <summary>As JSON.</summary>
    public string ToJson() => Text is null ? Number.ToString(System.Globalization.CultureInfo.InvariantCulture) : JsonSlice.Quote(Text);

    public static RequestId? Read(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String when JsonSlice.Text(ref reader) is { } text => new RequestId(text, 0),
        JsonTokenType.Number when reader.TryGetInt64(out var number) => new RequestId(null, number),
        _ => null,
    };

    public static RequestId? Parse(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return null;
        }

        var reader = new Utf8JsonReader(json);
        reader.Read();
        return Read(ref reader);
    }
}

/// <summary>A line that is no JSON-RPC message.</summary>
internal sealed class MalformedMessageException(int code, string message, RequestId? id) : Exception(message)
{
    public int Code => code;

    public RequestId? Id => id;
}
