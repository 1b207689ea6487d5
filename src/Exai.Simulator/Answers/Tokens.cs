namespace Exai.Simulator.Answers;

/// <summary>The simulator's tokenizer: four UTF-16 units make a token. Crude, but the same in usage, pacing and pieces.</summary>
internal static class Tokens
{
    private const int Units = 4;

    public static int Count(string text) => Split(text).Count;

    /// <summary>The text in token-sized pieces; a surrogate pair is never cut, since a piece must be valid text by itself.</summary>
    public static IReadOnlyList<string> Split(string text)
    {
        var pieces = new List<string>((text.Length / Units) + 1);
        for (var start = 0; start < text.Length;)
        {
            var end = Math.Min(start + Units, text.Length);
            if (end < text.Length && char.IsHighSurrogate(text[end - 1]) && char.IsLowSurrogate(text[end]))
                end++;
            pieces.Add(text[start..end]);
            start = end;
        }

        return pieces;
    }
}
