using System.Text.Json;

namespace Exai.Simulator;

/// <summary>Reads a script member by member, so that a typing mistake is named instead of ignored.</summary>
internal static class SimulatorScriptReader
{
    private delegate SimulatorRule Setter(SimulatorRule rule, JsonElement value);

    private static readonly Dictionary<string, Setter> Members = new(StringComparer.Ordinal)
    {
        ["model"] = (rule, value) => rule with { Model = Text(value) },
        ["promptContains"] = (rule, value) => rule with { PromptContains = Text(value) },
        ["dialect"] = (rule, value) => rule with { Dialect = Text(value) },
        ["endpoint"] = (rule, value) => rule with { Endpoint = Text(value) },
        ["times"] = (rule, value) => rule with { Times = Whole(value) },
        ["firstTokenMs"] = (rule, value) => rule with { FirstTokenMs = Number(value) },
        ["headersMs"] = (rule, value) => rule with { HeadersMs = Number(value) },
        ["tokensPerSecond"] = (rule, value) => rule with { TokensPerSecond = Number(value) },
        ["reasoningTokens"] = (rule, value) => rule with { ReasoningTokens = Whole(value) },
        ["answer"] = (rule, value) => rule with { Answer = Text(value) },
        ["answerTokens"] = (rule, value) => rule with { AnswerTokens = Whole(value) },
        ["toolCall"] = (rule, value) => rule with { ToolCall = Text(value) },
        ["toolArguments"] = (rule, value) => rule with { ToolArguments = Text(value) },
        ["sourcesAt"] = (rule, value) => rule with { SourcesAt = Text(value) },
        ["hangAt"] = (rule, value) => rule with { HangAt = Text(value) },
        ["hangAfterTokens"] = (rule, value) => rule with { HangAfterTokens = Whole(value) },
        ["dropAt"] = (rule, value) => rule with { DropAt = Text(value) },
        ["dropAfterTokens"] = (rule, value) => rule with { DropAfterTokens = Whole(value) },
        ["keepAliveCommentEveryMs"] = (rule, value) => rule with { KeepAliveCommentEveryMs = Number(value) },
        ["status"] = (rule, value) => rule with { Status = Whole(value) },
        ["errorCode"] = (rule, value) => rule with { ErrorCode = Text(value) },
        ["errorMessage"] = (rule, value) => rule with { ErrorMessage = Text(value) },
        ["chineseErrors"] = (rule, value) => rule with { ChineseErrors = Flag(value) },
        ["retryAfterSecs"] = (rule, value) => rule with { RetryAfterSecs = Number(value) },
        ["streamError"] = (rule, value) => rule with { StreamError = Text(value) },
        ["streamErrorAfterTokens"] = (rule, value) => rule with { StreamErrorAfterTokens = Whole(value) },
        ["streamErrorAs"] = (rule, value) => rule with { StreamErrorAs = Text(value) },
        ["htmlError"] = (rule, value) => rule with { HtmlError = Flag(value) },
        ["finishReason"] = (rule, value) => rule with { FinishReason = Text(value) },
        ["omitDone"] = (rule, value) => rule with { OmitDone = Flag(value) },
        ["doubleDone"] = (rule, value) => rule with { DoubleDone = Flag(value) },
        ["omitUsage"] = (rule, value) => rule with { OmitUsage = Flag(value) },
        ["emptyAnswer"] = (rule, value) => rule with { EmptyAnswer = Flag(value) },
        ["thinkInContent"] = (rule, value) => rule with { ThinkInContent = Flag(value) },
        ["boxMarks"] = (rule, value) => rule with { BoxMarks = Flag(value) },
        ["spliceAfterTokens"] = (rule, value) => rule with { SpliceAfterTokens = Whole(value) },
        ["spliceAs"] = (rule, value) => rule with { SpliceAs = Text(value) },
        ["crlf"] = (rule, value) => rule with { Crlf = Flag(value) },
        ["splitUtf8"] = (rule, value) => rule with { SplitUtf8 = Flag(value) },
    };

    // People write scripts by hand: comments and a comma too many do no harm.
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static SimulatorScript Read(string json)
    {
        using var document = Open(json);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw new FormatException($"The script is {Shown(root)}; it must be an object such as {{\"rules\":[]}}.");

        var rules = new List<SimulatorRule>();
        foreach (var member in root.EnumerateObject())
        {
            if (member.Name != "rules")
                throw new FormatException($"\"{member.Name}\": {Shown(member.Value)} is not a member of a script; the only one is rules.");
            if (member.Value.ValueKind != JsonValueKind.Array)
                throw new FormatException($"rules is {Shown(member.Value)}; it must be an array of rules.");
            foreach (var rule in member.Value.EnumerateArray())
                rules.Add(ReadRule(rule, $"rules[{rules.Count}]"));
        }

        var script = new SimulatorScript { Rules = rules };
        return script.FirstProblem() is { } problem ? throw new FormatException(problem) : script;
    }

    private static SimulatorRule ReadRule(JsonElement element, string at)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{at} is {Shown(element)}; it must be an object.");

        var rule = new SimulatorRule();
        foreach (var member in element.EnumerateObject())
        {
            if (!Members.TryGetValue(member.Name, out var set))
            {
                var known = string.Join(", ", Members.Keys);
                throw new FormatException($"{at}.{member.Name} is {Shown(member.Value)}, but a rule has no such member; it has {known}.");
            }

            if (member.Value.ValueKind == JsonValueKind.Null)
                continue;
            try
            {
                rule = set(rule, member.Value);
            }
            catch (FormatException wrong)
            {
                throw new FormatException($"{at}.{member.Name} is {Shown(member.Value)}; it must be {wrong.Message}.", wrong);
            }
        }

        return rule;
    }

    private static JsonDocument Open(string json)
    {
        try
        {
            return JsonDocument.Parse(json, Lenient);
        }
        catch (JsonException broken)
        {
            throw new FormatException($"The script is not JSON: {broken.Message}", broken);
        }
    }

    private static string Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException("a text");

    private static int Whole(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var whole) ? whole : throw new FormatException("a whole number");

    private static double Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw new FormatException("a number");

    private static bool Flag(JsonElement value) =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw new FormatException("true or false");

    private static string Shown(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 80 ? text : string.Concat(text.AsSpan(0, 80), "…");
    }
}
