using System.Text.Json.Serialization;

namespace Exai.Protocol;

/// <summary>
/// What a failed call says of itself in <c>_meta["exai/error"]</c>. <see cref="Message"/> is the text that a person or model reads:
/// what happened, with which values, and what to do next; it never holds a key or a token.
/// </summary>
public sealed record CallError
{
    /// <summary>One of <see cref="ErrorCodes"/>.</summary>
    public required string Code { get; init; }

    /// <summary>Travels as the result's text, not in the metadata.</summary>
    [JsonIgnore]
    public string Message { get; init; } = "";

    /// <summary>One of <see cref="Clocks"/>, when a clock fired.</summary>
    public string? Clock { get; init; }

    public string? Provider { get; init; }

    public string? Model { get; init; }

    /// <summary>One of <see cref="Stages"/>, when an attempt failed.</summary>
    public string? Stage { get; init; }

    /// <summary>Seconds after which the same call may succeed.</summary>
    public double? RetryAfterSecs { get; init; }

    public string? CallId { get; init; }

    /// <summary>The longest partial answer of the failed attempts.</summary>
    public string? Partial { get; init; }
}

/// <summary>The one exception whose message is safe to show to a client; everything else becomes <see cref="ErrorCodes.InternalError"/>.</summary>
public sealed class CallException(CallError error, Exception? innerException = null) : Exception(error.Message, innerException)
{
    public CallException(string code, string message, Exception? innerException = null)
        : this(new CallError { Code = code, Message = message }, innerException)
    {
    }

    public CallError Error { get; } = error;
}
