using System.Globalization;
using Exai.Protocol;

namespace Exai.Core.Tools;

/// <summary>The one line at the end of an answer that a model can read: who answered, how long it took, how to go on.</summary>
internal static class AnswerFooter
{
    public static string Append(string text, Receipt receipt)
    {
        if (receipt.Model is null && receipt.ThreadId is null)
        {
            // What a service answered stays as it is: JSON that can be read by a program.
            return text;
        }

        var parts = new List<string>();
        if (receipt.Model is { } model)
        {
            parts.Add(receipt.Fallbacks.Count > 0 ? $"{model} (in place of {string.Join(", ", receipt.Fallbacks.Select(Told))})" : model);
        }

        parts.Add(string.Create(CultureInfo.InvariantCulture, $"{receipt.TotalMs / 1000.0:0.0} s"));
        if (receipt.Model is not null)
        {
            var about = receipt.Tokens.Estimated ? "about " : "";
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{about}{receipt.Tokens.Input:N0} tokens in, {receipt.Tokens.Output:N0} out"));
        }

        if (receipt.Recovered is RecoveredHow.Rerun)
        {
            parts.Add("asked again after the daemon died");
        }

        if (receipt.ThreadId is { } thread)
        {
            parts.Add($"continuation_id: {thread}");
        }

        return $"{text}\n\n[{string.Join(" · ", parts)}]";
    }

    private static string Told(ReceiptFallback failed) => failed.Clock is { } clock
        ? $"{failed.Model}: {failed.Code}, {clock} clock"
        : $"{failed.Model}: {failed.Code}";
}
