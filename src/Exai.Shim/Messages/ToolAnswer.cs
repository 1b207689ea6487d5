using Exai.Protocol;

namespace Exai.Shim.Messages;

/// <summary>What a daemon's answer to a <c>tools/call</c> says of the call, found in its bytes.</summary>
internal sealed class ToolAnswer(Envelope response)
{
    private readonly ReadOnlyMemory<byte> _meta = Member(JsonSlice.Member(response.Bytes, "result").Value, "_meta");

    /// <summary>The call that was answered; null when the answer does not say. That of a <c>job_result</c> is the job, when it brings its result.</summary>
    public string? CallId => JsonSlice.Text(Member(Receipt, "callId")) ?? JsonSlice.Text(Member(Error, "callId"));

    /// <summary>The call whose outcome this is; null when it is none.</summary>
    public string? OutcomeOf => JsonSlice.Text(Member(Receipt, "callId"));

    /// <summary>One of <see cref="ErrorCodes"/>, or null.</summary>
    public string? Code => JsonSlice.Text(Member(Error, "code"));

    /// <summary>Null when this is no failure.</summary>
    public CallError? Failure => Code is { } code ? new CallError { Code = code, Message = Message(code) } : null;

    /// <summary>The outcome was there before anybody asked.</summary>
    public bool IsReplayed => JsonSlice.Text(Member(Receipt, "recovered")) == RecoveredHow.Replayed;

    private ReadOnlyMemory<byte> Receipt => Member(_meta, MetaKeys.Receipt);

    private ReadOnlyMemory<byte> Error => Member(_meta, MetaKeys.Error);

    /// <summary>Without the code that leads the text.</summary>
    private string Message(string code)
    {
        var content = Member(Member(response.Bytes, "result"), "content");
        var text = !content.IsEmpty && JsonSlice.Elements(content) is [var first, ..] ? JsonSlice.Text(Member(first, "text")) ?? "" : "";
        return text.StartsWith(code + ": ", StringComparison.Ordinal) ? text[(code.Length + 2)..] : text;
    }

    private static ReadOnlyMemory<byte> Member(ReadOnlyMemory<byte> json, string name) => JsonSlice.Member(json, name).Value;
}
