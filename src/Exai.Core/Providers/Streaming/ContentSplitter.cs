namespace Exai.Core.Providers.Streaming;

/// <summary>
/// Parts what a delta's content holds: a <c>&lt;think&gt;</c> block at its very start is reasoning, the rest is the answer, without the box
/// marks that GLM puts around results. Marks may be cut anywhere; at most the beginning of one is held back until the next piece.
/// </summary>
/// <param name="hasBoxes">The model's vocabulary has the box marks; in other models' answers they are text like any other.</param>
internal sealed class ContentSplitter(bool hasBoxes, Action<string> think, Action<string> say)
{
    private const string Open = "<think>";
    private const string Close = "</think>";
    private const string BoxOpen = "<|begin_of_box|>";
    private const string BoxClose = "<|end_of_box|>";

    /// <summary>Longer white space than this is the answer's own.</summary>
    private const int LongestLeadingBlank = 64;

    private Place _place = Place.Start;
    private string _held = "";

    private enum Place
    {
        /// <summary>Nothing but white space so far.</summary>
        Start,
        Thinking,

        /// <summary>Between the end of the thinking and the first word of the answer.</summary>
        Thought,
        Answer,
    }

    public void Read(string piece)
    {
        var text = _held.Length == 0 ? piece : _held + piece;
        _held = "";
        if (_place == Place.Start)
            text = Begin(text);
        if (_place == Place.Thinking)
            text = Think(text);
        if (_place == Place.Thought && text.AsSpan().TrimStart() is { IsEmpty: false } answer)
            (_place, text) = (Place.Answer, answer.ToString());
        if (_place == Place.Answer)
            Answer(text);
    }

    /// <summary>Gives what was held back, because nothing can follow. White space alone is no answer.</summary>
    public void Flush()
    {
        var text = _held;
        _held = "";
        if (_place == Place.Thinking)
            Give(think, text);
        else if (!string.IsNullOrWhiteSpace(text))
            Give(say, text);
    }

    private string Begin(string text)
    {
        var word = text.AsSpan().TrimStart();
        if (text.Length <= LongestLeadingBlank && word.Length < Open.Length && Open.StartsWith(word, StringComparison.Ordinal))
        {
            _held = text;
            return "";
        }

        _place = word.StartsWith(Open, StringComparison.Ordinal) ? Place.Thinking : Place.Answer;
        return _place == Place.Thinking ? word[Open.Length..].ToString() : text;
    }

    private string Think(string text)
    {
        var end = text.IndexOf(Close, StringComparison.Ordinal);
        if (end < 0)
        {
            Give(think, Hold(text, Close));
            return "";
        }

        _place = Place.Thought;
        Give(think, text[..end]);
        return text[(end + Close.Length)..];
    }

    private void Answer(string text)
    {
        if (hasBoxes && text.Contains('<', StringComparison.Ordinal))
        {
            text = Hold(text, BoxOpen, BoxClose)
                .Replace(BoxOpen, "", StringComparison.Ordinal)
                .Replace(BoxClose, "", StringComparison.Ordinal);
        }

        Give(say, text);
    }

    /// <summary>The text without an end that may be the beginning of a mark; that is held back. No mark has a second bracket in it.</summary>
    private string Hold(string text, params ReadOnlySpan<string> marks)
    {
        var start = text.LastIndexOf('<');
        if (start < 0)
            return text;

        foreach (var mark in marks)
        {
            if (text.Length - start < mark.Length && mark.AsSpan().StartsWith(text.AsSpan(start), StringComparison.Ordinal))
            {
                _held = text[start..];
                return text[..start];
            }
        }

        return text;
    }

    private static void Give(Action<string> take, string text)
    {
        if (text.Length > 0)
            take(text);
    }
}
