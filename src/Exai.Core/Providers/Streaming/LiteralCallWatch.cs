namespace Exai.Core.Providers.Streaming;

/// <summary>
/// Notices a tool call that a model wrote as text, <c>&lt;tool_call&gt;</c>, in place of making it. The mark may be cut anywhere. One watch
/// per text that is put together: one for the answer, one for the reasoning.
/// </summary>
internal sealed class LiteralCallWatch
{
    private const string Mark = "<tool_call>";

    private int _matched;

    public bool Seen { get; private set; }

    public void Read(ReadOnlySpan<char> piece)
    {
        while (!Seen && !piece.IsEmpty)
        {
            // The bracket stands nowhere else in the mark, so a mismatch can only start over.
            var start = _matched == 0 ? piece.IndexOf(Mark[0]) : 0;
            if (start < 0)
                return;

            piece = piece[start..];
            var rest = Mark.AsSpan(_matched);
            var same = piece.CommonPrefixLength(rest);
            Seen = same == rest.Length;
            _matched = same == piece.Length ? _matched + same : 0;
            // At a mismatch the character itself may open the next mark.
            piece = piece[(same == 0 && piece[0] != Mark[0] ? 1 : same)..];
        }
    }
}
