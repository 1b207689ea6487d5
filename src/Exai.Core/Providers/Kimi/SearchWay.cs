using Exai.Core.Providers.Streaming;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Kimi;

/// <summary>How one attempt searches, and what that makes of its requests.</summary>
/// <param name="BuiltIn">By the provider's built-in search, for which thinking has to be off; else by the formula.</param>
internal sealed record SearchWay(AttemptOptions Attempt, bool BuiltIn)
{
    /// <summary>Thinking is switched off for the search, although nobody asked for that.</summary>
    public bool SilencesThinking => BuiltIn && Attempt.Thinking is null;

    public static bool IsSearch(FunctionCallContent call) => call.Name is KimiBuiltinSearch.ToolName or KimiFormulaSearch.FunctionName;

    /// <summary>As the model wrote them: the provider compares.</summary>
    public static string Arguments(FunctionCallContent call) =>
        call.AdditionalProperties?.GetValueOrDefault(ToolCallAssembler.ArgumentsKey) as string is { Length: > 0 } written ? written : "{}";

    /// <summary>The options of one request. The tools stay declared to the end: the last result is read with them, and the prompt stays the same.</summary>
    public ChatOptions Options(ChatOptions options, bool mayCall)
    {
        var request = options.Clone();
        request.Tools = [.. options.Tools ?? [], BuiltIn ? KimiBuiltinSearch.Instance : KimiFormulaSearch.Tool];
        if (!mayCall)
            request.ToolMode = ChatToolMode.None;
        request.AdditionalProperties = options.AdditionalProperties!.Clone();
        request.AdditionalProperties[AttemptOptions.Key] = Attempt with { WebSearch = false, Thinking = BuiltIn ? false : Attempt.Thinking };
        return request;
    }
}
