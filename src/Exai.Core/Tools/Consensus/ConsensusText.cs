using System.Globalization;
using System.Text;
using Exai.Protocol;

namespace Exai.Core.Tools.Consensus;

/// <summary>A consensus as the calling agent reads it: an overview, each verdict with its receipt, and what to make of them.</summary>
internal static class ConsensusText
{
    public static string Compose(ConsensusState state, bool others)
    {
        var text = new StringBuilder(Overview(state)).Append("\n\n").Append(Verdicts(state));
        text.Append("\n\nAll verdicts are here; no further step is needed. Weigh them yourself: where they agree, where they differ and why, what only one of them saw; then decide.");
        if (others)
        {
            text.Append($" This thread holds other runs: later steps of this one need run_id {state.RunId}.");
        }

        return text.ToString();
    }

    /// <summary>Each model's words, under its name.</summary>
    public static string Verdicts(ConsensusState state) => string.Join("\n\n", state.Verdicts.Select(One));

    /// <summary>What a later step returns: one verdict, or after the last one the overview.</summary>
    public static string Replay(ConsensusState state, int number) => number < state.Verdicts.Count
        ? $"Verdict {number} of {state.Verdicts.Count}, as it was given with the first step; no model was asked again.\n\n{One(state.Verdicts[number - 1])}"
        : $"The consensus on \"{state.Proposal}\" is complete; no model was asked again.\n\n{(number == state.Verdicts.Count ? One(state.Verdicts[^1]) + "\n\n" : "")}{Overview(state)}";

    private static string Overview(ConsensusState state)
    {
        var text = new StringBuilder($"{state.Verdicts.Count(verdict => verdict.Text is not null)} of {state.Verdicts.Count} models answered:");
        foreach (var verdict in state.Verdicts)
        {
            var said = verdict.Text is null ? $"failed ({verdict.Receipt.Code})" : FirstLine(verdict.Text);
            text.Append($"\n- {Name(verdict)}: {said}");
        }

        return text.ToString();
    }

    private static string One(Verdict verdict) =>
        $"## {Name(verdict)}\n\n{verdict.Text ?? $"It failed. {verdict.Failure}"}\n\n[{Spent(verdict.Receipt)}]";

    private static string Name(Verdict verdict) => $"{verdict.Receipt.Model ?? verdict.Panelist.Model} ({verdict.Panelist.Stance})";

    private static string Spent(ReceiptPart receipt)
    {
        var about = receipt.Tokens.Estimated ? "about " : "";
        var cost = receipt.CostUsd is { } usd ? string.Create(CultureInfo.InvariantCulture, $"{usd:0.####} USD") : "cost unknown";
        return string.Create(CultureInfo.InvariantCulture, $"{receipt.TotalMs / 1000.0:0.0} s · {about}{receipt.Tokens.Input:N0} tokens in, {receipt.Tokens.Output:N0} out · {cost}");
    }

    private static string FirstLine(string text)
    {
        var line = text.AsSpan().TrimStart();
        var end = line.IndexOfAny('\r', '\n');
        var first = (end < 0 ? line : line[..end]).ToString().Trim('#', '*', ' ');
        return first.Length <= 200 ? first : first[..197] + "...";
    }
}
