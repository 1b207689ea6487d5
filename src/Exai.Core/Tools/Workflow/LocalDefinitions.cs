using System.Globalization;
using System.Text;

namespace Exai.Core.Tools.Workflow;

/// <summary>The tools with steps that ask no model: they order what the agent finds, and keep it.</summary>
internal static class LocalDefinitions
{
    public static IReadOnlyList<WorkflowDefinition> All { get; } =
    [
        new("planner", "plan")
        {
            Begin = "Say what the plan must reach and what limits it. Break it into parts that can be checked one by one.",
            GoOn = "Add the next part, revise an earlier one (is_step_revision), or try another way (is_branch_point with branch_id).",
            Special = (_, step) => step is { Total: >= 5, Number: <= 3 }
                ? "This is a large plan: before you go on, think through dependencies, risks and the alternative that you are about to leave out."
                : null,
            Conclude = run => $"The plan is complete. Show it to the user as numbered steps with what each needs and how it is checked; name open questions.\n\n{Outline(run)}",
        },
        new("tracer", "trace")
        {
            Begin = "Read the target and note where it is called from and what it calls.",
            GoOn = "Follow the next calls or dependencies; note conditions, side effects and where it ends. Name file and line.",
            Unfinished = run => run.Details.GetValueOrDefault("trace_mode", "ask") == "ask"
                ? "Choose how to trace, and send this step again with trace_mode: 'precision' follows one execution path call by call, 'dependencies' maps what uses what."
                : null,
            Conclude = run => $"{(run.Details.GetValueOrDefault("trace_mode") == "dependencies" ? DependencyForm : PathForm)}\n\n{Outline(run)}",
        },
        new("docgen", "documentation")
        {
            Begin = "List the files to document, and set total_files_to_document. Then document the first: purpose, parameters, results, errors, what surprises.",
            GoOn = "Document the next file completely, count it in num_files_documented, and note defects that you met without mending them.",
            Unfinished = run => (Number(run, "num_files_documented"), Number(run, "total_files_to_document")) is var (done, total) && done < total
                ? $"{done} of {total} files are documented; the rest is still to do. Go on with the next file, and end when the numbers meet."
                : null,
            Conclude = run => $"All files are documented ({Number(run, "num_files_documented")} of {Number(run, "total_files_to_document")}). Tell the user which, and which defects you noted.\n\n{Outline(run)}",
        },
    ];

    private const string PathForm =
        "The trace is complete. Show it to the user as a call sequence: one line for each call with file:line, indented by depth, with conditions and side effects behind it.";

    private const string DependencyForm =
        "The trace is complete. Show it to the user as two lists with file:line: what the target uses, and what uses it; mark cycles and the edges that carry data.";

    private static int Number(WorkflowRun run, string name) => int.Parse(run.Details.GetValueOrDefault(name, "0"), CultureInfo.InvariantCulture);

    private static string Outline(WorkflowRun run)
    {
        var text = new StringBuilder();
        foreach (var step in run.Steps)
        {
            var branch = step.Details.TryGetValue("branch_id", out var id) ? $" (branch {id})" : "";
            var revises = step.Details.TryGetValue("revises_step_number", out var number) ? $" (revises step {number})" : "";
            text.Append(CultureInfo.InvariantCulture, $"{step.Number}.{branch}{revises} {step.Step.Trim()}\n");
            if (step.Findings is { } findings)
            {
                text.Append("   ").Append(findings.Trim().ReplaceLineEndings("\n   ")).Append('\n');
            }
        }

        return text.ToString().TrimEnd();
    }
}
