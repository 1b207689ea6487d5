namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>Whose reasoning goes back to the provider.</summary>
internal enum ReasoningReturn
{
    None,

    /// <summary>That of the messages that call tools: the model goes on with its thought when the results are there.</summary>
    ToolCalls,

    /// <summary>Every assistant message's.</summary>
    All,
}

/// <summary>What a provider wants of the <c>messages</c> array beyond what all of them share.</summary>
internal sealed record MessageRules
{
    public ReasoningReturn Reasoning { get; init; } = ReasoningReturn.ToolCalls;

    /// <summary>The member that carries it.</summary>
    public string ReasoningMember { get; init; } = "reasoning_content";

    /// <summary>A tool call without reasoning is refused; an empty one counts as there.</summary>
    public bool FillsMissingReasoning { get; init; }

    /// <summary>Beside tool calls a blank text is refused; elsewhere some chat templates want the member.</summary>
    public bool OmitsBlankText { get; init; }

    /// <summary>Tool results name their function.</summary>
    public bool NamesToolResults { get; init; }

    /// <summary>Characters of a tool call's id; longer ones are cut on both sides of the pair.</summary>
    public int LongestCallId { get; init; } = int.MaxValue;

    public ImageRules Images { get; init; } = new();
}
