using Exai.Simulator.Dialects;

namespace Exai.Simulator.Answers;

/// <summary>Makes the completion out of request, rule and dialect.</summary>
internal static class CompletionPlanner
{
    // Kimi caches prefixes from 256 tokens on; one rule for all dialects is enough to see cached tokens at all.
    private const int LeastCachedTokens = 256;

    public static Completion Plan(ChatRequest request, SimulatorRule rule, SimulatedDialect dialect, int number, DateTimeOffset now)
    {
        var reasoning = EchoAnswer.Reasoning(request, ReasoningTokens(request, rule, dialect));
        var call = request.HasToolResult ? null : ScriptedCall(rule, dialect) ?? dialect.OwnCall(request);
        var answer = AnswerPieces(request, rule, call);

        // Reasoning eats the output budget first: a small limit can leave no answer at all.
        var budget = request.MaxTokens ?? int.MaxValue;
        var cut = reasoning.Count + answer.Count > budget;
        if (cut)
        {
            reasoning = [.. reasoning.Take(budget)];
            answer = [.. answer.Take(budget - reasoning.Count)];
        }

        // Four characters make a token, so none of the marks fits into one: they all come cut.
        var (thought, said) = (reasoning.Count, answer.Count);
        if (rule.BoxMarks && answer.Count > 0)
            answer = Tokens.Split($"<|begin_of_box|>{string.Concat(answer)}<|end_of_box|>");
        if (rule.ThinkInContent && reasoning.Count > 0)
            (reasoning, answer) = ([], Tokens.Split($"<think>{string.Concat(reasoning)}</think>\n\n{string.Concat(answer)}"));

        return new Completion
        {
            Id = dialect.CompletionId(number, now),
            Created = now.ToUnixTimeSeconds(),
            Model = request.Model,
            Reasoning = reasoning,
            Answer = answer,
            Call = cut ? null : call,
            FinishReason = rule.FinishReason ?? (cut ? "length" : call is null ? "stop" : "tool_calls"),
            Usage = rule.OmitUsage
                ? null
                : new UsageCount(
                    request.PromptTokens,
                    thought + said + (cut || call is null ? 0 : Tokens.Count(call.Arguments)),
                    thought,
                    request.EarlierTokens >= LeastCachedTokens ? request.EarlierTokens : 0),
            IncludeUsage = request.IncludeUsage && !rule.OmitUsage,
            Sources = dialect.SearchesWeb(request),
            SourcesAt = rule.SourcesAt ?? SimulatorSources.Chunk,
        };
    }

    private static int ReasoningTokens(ChatRequest request, SimulatorRule rule, SimulatedDialect dialect)
    {
        var tokens = rule.ReasoningTokens ?? (dialect.Thinks(request) ? SimulatorServer.DefaultReasoningTokens : 0);
        // A rule that hangs or drops while reasoning would otherwise pass a model that does not reason without a trace.
        var stopsThere = rule.HangAt == SimulatorStage.Reasoning || rule.DropAt == SimulatorStage.Reasoning;
        return tokens == 0 && stopsThere ? SimulatorServer.DefaultReasoningTokens : tokens;
    }

    private static ToolCall? ScriptedCall(SimulatorRule rule, SimulatedDialect dialect) =>
        rule.ToolCall is { } name ? new ToolCall(dialect.CallId(name), name, rule.ToolArguments ?? "{}") : null;

    private static IReadOnlyList<string> AnswerPieces(ChatRequest request, SimulatorRule rule, ToolCall? call)
    {
        if (rule.EmptyAnswer || (call is not null && rule.Answer is null && rule.AnswerTokens is null))
            return [];
        return rule.Answer is { } text ? Tokens.Split(text) : EchoAnswer.Pieces(request, rule.AnswerTokens);
    }
}
