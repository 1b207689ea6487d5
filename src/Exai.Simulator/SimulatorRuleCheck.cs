using System.Globalization;
using Exai.Simulator.Dialects;

namespace Exai.Simulator;

/// <summary>Ranges and words of a rule. A rule that can never do what it says is refused instead of being played in silence.</summary>
internal static class SimulatorRuleCheck
{
    private static readonly string[] Dialects = ["glm", "kimi", "openai"];
    private static readonly string[] ErrorShapes = ["data", "event", "finish"];
    private static readonly string[] Splices = ["line", "text"];

    public static string? FirstProblem(SimulatorRule rule, string at) =>
        OneOf(rule.Dialect, $"{at}.dialect", Dialects)
        ?? OneOf(rule.SourcesAt, $"{at}.sourcesAt", SimulatorSources.All)
        ?? OneOf(rule.HangAt, $"{at}.hangAt", SimulatorStage.All)
        ?? OneOf(rule.DropAt, $"{at}.dropAt", SimulatorStage.All)
        ?? OneOf(rule.StreamErrorAs, $"{at}.streamErrorAs", ErrorShapes)
        ?? OneOf(rule.SpliceAs, $"{at}.spliceAs", Splices)
        ?? Without(rule.StreamErrorAs, $"{at}.streamErrorAs", rule.StreamError is not null, "streamError")
        ?? Without(rule.SpliceAs, $"{at}.spliceAs", rule.SpliceAfterTokens is not null, "spliceAfterTokens")
        ?? NoSuchCode(rule, $"{at}.errorCode")
        ?? Within(rule.Times, $"{at}.times", 1, int.MaxValue)
        ?? Within(rule.FirstTokenMs, $"{at}.firstTokenMs", 0, int.MaxValue)
        ?? Within(rule.HeadersMs, $"{at}.headersMs", 0, int.MaxValue)
        ?? Within(rule.TokensPerSecond, $"{at}.tokensPerSecond", 0, int.MaxValue)
        ?? Within(rule.ReasoningTokens, $"{at}.reasoningTokens", 0, 1_000_000)
        ?? Within(rule.AnswerTokens, $"{at}.answerTokens", 0, 1_000_000)
        ?? Within(rule.HangAfterTokens, $"{at}.hangAfterTokens", 0, int.MaxValue)
        ?? Within(rule.DropAfterTokens, $"{at}.dropAfterTokens", 0, int.MaxValue)
        ?? Within(rule.StreamErrorAfterTokens, $"{at}.streamErrorAfterTokens", 0, int.MaxValue)
        ?? Within(rule.SpliceAfterTokens, $"{at}.spliceAfterTokens", 0, int.MaxValue)
        ?? Within(rule.KeepAliveCommentEveryMs, $"{at}.keepAliveCommentEveryMs", 1, int.MaxValue)
        ?? Within(rule.Status, $"{at}.status", 400, 599)
        ?? Within(rule.RetryAfterSecs, $"{at}.retryAfterSecs", 0, int.MaxValue);

    private static string? OneOf(string? value, string member, IReadOnlyList<string> allowed) =>
        value is null || allowed.Contains(value, StringComparer.Ordinal)
            ? null
            : $"{member} is \"{value}\"; it must be one of {string.Join(", ", allowed)}.";

    private static string? Without(string? value, string member, bool present, string needed) =>
        value is null || present ? null : $"{member} is \"{value}\", but without {needed} it has no effect.";

    private static string? NoSuchCode(SimulatorRule rule, string member) =>
        rule.ErrorCode is not { Length: > 0 } code || rule.Status is not null || rule.StreamError is not null || rule.HtmlError
        || SimulatedDialect.All.Any(dialect => dialect.Known(code) is not null)
            ? null
            : $"{member} is \"{code}\", which is in no vendor's list; such a code needs a status or a streamError.";

    // A NaN compares as false both ways, so the test is for being inside.
    private static string? Within(double? value, string member, double least, double most) =>
        value is null || (value >= least && value <= most)
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{member} is {value}; it must be a number from {least} to {most}.");
}
