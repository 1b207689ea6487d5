using System.Text.Json;

namespace Exai.Core.Providers.Streaming;

/// <summary>Text and reasoning of a delta or message, in all their spellings.</summary>
internal static class DeltaReading
{
    /// <summary>A string, or an array of text parts; null, absent and anything else are no text.</summary>
    public static string Content(JsonElement delta)
    {
        if (delta.Text("content") is { } text)
            return text;

        return delta.HasItems("content") ? string.Concat(delta.Items("content").Select(part => part.Text() ?? part.Text("text"))) : "";
    }

    /// <summary>
    /// The first of <c>reasoning_content</c>, <c>reasoning</c> and <c>reasoning_details[].text</c> that says something: servers send the same
    /// text twice. Empty when one was sent without saying anything, null when none was.
    /// </summary>
    public static string? Reasoning(JsonElement delta)
    {
        var first = delta.Text("reasoning_content");
        if (first is { Length: > 0 })
            return first;

        var second = delta.Text("reasoning");
        if (second is { Length: > 0 })
            return second;

        var third = delta.HasItems("reasoning_details") ? string.Concat(delta.Items("reasoning_details").Select(detail => detail.Text("text"))) : "";
        return third.Length > 0 ? third : first ?? second;
    }
}
