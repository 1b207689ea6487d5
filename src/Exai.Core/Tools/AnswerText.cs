using System.Text;
using Exai.Core.Models;
using Exai.Protocol;

namespace Exai.Core.Tools;

/// <summary>A model's answer as the caller reads it: the text, its sources, and whatever the reader has to know about it.</summary>
internal static class AnswerText
{
    /// <summary>What went wrong, and what there is of an answer, marked as the part that it is.</summary>
    public static string Failed(CallError error) => error.Partial is { } partial
        ? $"{error.Message}\n\n[What follows is the longest part of an answer that arrived, {partial.Length:N0} characters. It is not complete.]\n\n{partial}"
        : error.Message;

    public static string Compose(ModelAnswer answer)
    {
        var text = new StringBuilder(answer.Text);
        if (answer.Truncated)
        {
            text.Append("\n\n[The answer was cut at the model's output limit (finish reason: length). Ask it to go on.]");
        }

        if (answer.Sources.Count > 0)
        {
            text.Append("\n\nSources:");
            foreach (var source in answer.Sources)
            {
                text.Append($"\n- [{source.Title}]({source.Link})");
            }
        }

        if (answer.DroppedTurns > 0)
        {
            text.Append($"\n\n[The {answer.DroppedTurns} oldest turns of the thread did not fit the model's window and were left out.]");
        }

        if (answer.LeftOutFiles.Count > 0)
        {
            var named = string.Join(", ", answer.LeftOutFiles.Take(20));
            var more = answer.LeftOutFiles.Count > 20 ? $" and {answer.LeftOutFiles.Count - 20} more" : "";
            text.Append($"\n\n[{answer.LeftOutFiles.Count} files did not fit the model's window and were left out: {named}{more}.]");
        }

        foreach (var note in answer.Notes)
        {
            text.Append($"\n\n[{note}]");
        }

        return text.ToString();
    }
}
