namespace Exai.Core.Providers;

/// <summary>What a client did otherwise than it was asked, on the last update's properties; absent when it did all of it.</summary>
internal static class AnswerNotes
{
    /// <summary>Key of an <c>IReadOnlyList&lt;string&gt;</c>: sentences for whoever reads the answer.</summary>
    public const string Key = "exai.notes";

    /// <summary>Key of a string, in the receipt's words: what was made of thinking, where that differs from what the request asked.</summary>
    public const string ThinkingKey = "exai.thinking";
}
