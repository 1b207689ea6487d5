using System.Text.Json;
using System.Text.Json.Serialization;

namespace Exai.Simulator;

/// <summary>
/// An ordered list of rules. For each chat request the first rule that matches and is not used up decides; without one the
/// request is answered in the ordinary way. Immutable: the server counts the uses.
/// </summary>
public sealed record SimulatorScript
{
    private static readonly JsonSerializerOptions Written = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    /// <summary>No rules, no trouble.</summary>
    public static SimulatorScript Default { get; } = new();

    /// <summary>The rules, the first match decides; by default none.</summary>
    public IReadOnlyList<SimulatorRule> Rules { get; init; } = [];

    /// <summary>Reads <c>{"rules":[{…}]}</c>; members are those of <see cref="SimulatorRule"/> in camel case.</summary>
    /// <exception cref="FormatException">Names the member, its value and what is allowed.</exception>
    public static SimulatorScript Parse(string json) => SimulatorScriptReader.Read(json);

    /// <summary>The script as <see cref="Parse"/> reads it, members with default values left out.</summary>
    // A number such as reasoningTokens 0 differs from none at all and survives: only null is the default of a nullable member.
    public string ToJson() => JsonSerializer.Serialize(this, Written);

    /// <summary>What is wrong with the script, or null. Asked by <see cref="Parse"/> and by the server for scripts made in code.</summary>
    internal string? FirstProblem() =>
        Rules.Select((rule, index) => SimulatorRuleCheck.FirstProblem(rule, $"rules[{index}]")).FirstOrDefault(problem => problem is not null);
}
