using Exai.Core.Models;
using Exai.Protocol;

namespace Exai.Core.Tools.Workflow;

/// <summary>What tells one tool with steps from another. All run on the same engine, <see cref="WorkflowTool"/>.</summary>
/// <param name="Tool">Its name.</param>
/// <param name="Noun">What its steps add up to, such as <c>investigation</c>.</param>
internal sealed record WorkflowDefinition(string Tool, string Noun)
{
    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find(Tool)!;

    /// <summary>What to look at after the first step, in one or two sentences to the calling agent.</summary>
    public required string Begin { get; init; }

    /// <summary>What to look at after the later steps.</summary>
    public required string GoOn { get; init; }

    /// <summary>The argument without which a first step has nothing to work on; null for none.</summary>
    public string? NeededAtStart { get; init; }

    /// <summary>The expert is not asked when the agent is as sure as this.</summary>
    public IReadOnlyList<string> SureAt { get; init; } = ["certain"];

    /// <summary>What the agent is told to do with its result when no expert was asked.</summary>
    public string WhenSure { get; init; } = "";

    /// <summary>How hard the expert thinks unless the call says it.</summary>
    public ThinkingMode? Thinking { get; init; }

    /// <summary>For tools that ask no model: what the last step answers, from the whole record.</summary>
    public Func<WorkflowRun, string>? Conclude { get; init; }

    /// <summary>For tools that ask no model: what this step needs said instead of the usual; null for nothing.</summary>
    public Func<WorkflowRun, WorkflowStep, string?> Special { get; init; } = (_, _) => null;

    /// <summary>Why the record cannot be complete, whatever the agent says, and what to do; null when it can.</summary>
    public Func<WorkflowRun, string?> Unfinished { get; init; } = _ => null;
}
