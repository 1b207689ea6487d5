using Exai.Simulator;

namespace Exai.Torture;

/// <summary>What the provider does: quick answers, long ones where the prompt says so, and the planned trouble.</summary>
internal static class ProviderScript
{
    public const string Long = "at length";

    public static SimulatorScript For(Plan plan) => new()
    {
        Rules =
        [
            .. plan.Calls.Where(call => call.Trouble != Trouble.None).Select(Rule),
            new SimulatorRule { PromptContains = Long, FirstTokenMs = 200, TokensPerSecond = 120, AnswerTokens = 240, ReasoningTokens = 0 },
            new SimulatorRule { FirstTokenMs = 30, TokensPerSecond = 1000, ReasoningTokens = 0 },
        ],
    };

    private static SimulatorRule Rule(PlannedCall call)
    {
        var first = new SimulatorRule { PromptContains = call.Marker, Times = 1 };
        return call.Trouble switch
        {
            Trouble.RateLimit => first with { Status = 429, RetryAfterSecs = 0.1 },
            Trouble.ServerError => first with { Status = 500 },
            Trouble.Drop => first with { DropAt = SimulatorStage.Answer, DropAfterTokens = 5 },
            Trouble.Hang => first with { HangAt = SimulatorStage.FirstToken },
            _ => first with { Status = 500, Times = null },
        };
    }
}
