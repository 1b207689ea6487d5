namespace Exai.Simulator.Answers;

/// <summary>Where among the tokens a rule hangs, drops or fails; the stages before the first token are the caller's.</summary>
internal static class StopPoint
{
    /// <summary>Tokens to send before stopping, over reasoning and answer; null when this rule does not stop among the tokens.</summary>
    public static int? Position(string? stage, int? afterTokens, Completion completion)
    {
        var reasoning = completion.Reasoning.Count;
        return stage switch
        {
            null => afterTokens is { } tokens ? Math.Min(tokens, completion.TokenCount) : null,
            SimulatorStage.Reasoning => Within(afterTokens, reasoning),
            SimulatorStage.Answer => reasoning + Within(afterTokens, completion.Answer.Count),
            SimulatorStage.Finish => completion.TokenCount,
            _ => null,
        };
    }

    // Half of the part, but at least one token, so that the stage has begun.
    private static int Within(int? afterTokens, int length) => Math.Min(afterTokens ?? Math.Max(1, length / 2), length);
}
