using Exai.Protocol;

namespace Exai.Core.Tools.Local;

/// <summary>A guard against agreeing by reflex: the statement comes back as a task to doubt it. Asks no model and keeps nothing.</summary>
internal sealed class ChallengeTool : IRecomputedTool
{
    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("challenge")!;

    public Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken) => Task.FromResult(
        $"""
        Before you answer, question this statement instead of agreeing with it:

        > {arguments.RequiredText("prompt", int.MaxValue).Trim().ReplaceLineEndings("\n> ")}

        1. Say what would have to be true for it to hold, and check each point against what you really know: code, output, documents.
        2. Look for the strongest reason against it. Name a concrete case in which it fails, or say that you looked for one and found none.
        3. Then decide: right, wrong, or right only under conditions, which you name. If you disagree, say so plainly and give the reason.
        """);
}
