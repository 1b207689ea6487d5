using Exai.Protocol;

namespace Exai.Core.Tools.Consensus;

/// <summary>One model that is asked, and in which role.</summary>
internal sealed record Panelist(string Model, string Stance, string? StancePrompt);

/// <summary>What one model said, or why it said nothing.</summary>
internal sealed record Verdict(Panelist Panelist, ReceiptPart Receipt)
{
    /// <summary>Null when it failed.</summary>
    public string? Text { get; init; }

    /// <summary>The error's text when it failed.</summary>
    public string? Failure { get; init; }
}

/// <summary>A finished consensus as its thread keeps it, so that its later steps cost nothing. Stored data: a renamed member needs a migration.</summary>
internal sealed record ConsensusState(string RunId, string Proposal, IReadOnlyList<Verdict> Verdicts);
