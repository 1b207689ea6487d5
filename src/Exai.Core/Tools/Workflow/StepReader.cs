using System.Text.Json;
using Exai.Core.Threads;
using Exai.Protocol;

namespace Exai.Core.Tools.Workflow;

/// <summary>Finds which investigation a step belongs to, and which number it has; refuses what is ambiguous rather than mix two.</summary>
internal static class StepReader
{
    /// <summary>Arguments that every step has a place for, or that ask the expert; the others are the tool's own.</summary>
    private static readonly HashSet<string> Common =
    [
        "step", "step_number", "total_steps", "next_step_required", "findings", "relevant_files", "files_checked", "relevant_context", "issues_found",
        "confidence", "hypothesis", "backtrack_from_step", "use_assistant_model", "run_id", "continuation_id", "model", "thinking_mode", "use_websearch",
        "temperature", "fallback", "images",
    ];

    /// <returns>The investigation without the new step, null for a new one; and the step.</returns>
    public static (WorkflowRun? Run, WorkflowStep Step) Read(CallContext context, WorkflowDefinition definition, ConversationThread? thread)
    {
        var arguments = context.Arguments;
        var asked = arguments.OptionalInteger("step_number");
        var backtrack = arguments.OptionalInteger("backtrack_from_step");
        var run = Find(WorkflowRun.Of(thread, definition.Tool), definition, arguments.Text("run_id"), asked);
        var number = asked ?? (backtrack ?? run?.Last.Number + 1) ?? 1;
        if (backtrack > number)
        {
            throw ToolArguments.Invalid($"'backtrack_from_step' was {backtrack}; it may be at most the step_number, {number}.");
        }

        var step = new WorkflowStep
        {
            RunId = run?.RunId ?? context.Call.CallId,
            Number = number,
            Total = Math.Max(number, arguments.OptionalInteger("total_steps") ?? run?.Last.Total ?? number),
            Next = arguments.OptionalBool("next_step_required") ?? false,
            Step = arguments.RequiredText("step", int.MaxValue),
            Findings = arguments.Text("findings"),
            FilesChecked = List(arguments, "files_checked"),
            RelevantFiles = List(arguments, "relevant_files"),
            Context = List(arguments, "relevant_context"),
            Issues = [.. arguments.ObjectList("issues_found").Select(Issue)],
            Confidence = definition.Descriptor.Find("confidence") is { } confidence ? arguments.Choice(confidence) : null,
            Hypothesis = arguments.Text("hypothesis"),
            BacktrackFrom = backtrack,
            Details = Details(arguments, definition.Descriptor),
        };
        RefuseWithoutMaterial(definition, run, arguments);
        return (run, step);
    }

    private static WorkflowRun? Find(List<WorkflowRun> runs, WorkflowDefinition definition, string? runId, int? number)
    {
        if (runId is not null)
        {
            return runs.Find(run => run.RunId == runId)
                ?? throw ToolArguments.Invalid($"'run_id' was '{runId}'; the thread has {(runs.Count == 0 ? $"no {definition.Noun} by {definition.Tool}" : Named(runs))}.");
        }

        var open = runs.Where(run => run.IsOpen).ToList();
        if (number == 1 || (number is null && open.Count == 0))
        {
            return null;
        }

        if (open.Count > 1)
        {
            throw ToolArguments.Invalid(
                $"The thread has {open.Count} open runs of {definition.Tool}. Say which one this step belongs to with 'run_id': {Named(open)}. Or begin a new one with step_number 1.");
        }

        return open.Count == 1 ? open[0] : runs.LastOrDefault()
            ?? throw ToolArguments.Invalid(
                $"'step_number' was {number}, and there is no {definition.Noun} by {definition.Tool} that it could go on with. " +
                "Give the continuation_id that its first step returned, or begin with step_number 1.");
    }

    private static string Named(List<WorkflowRun> runs) => string.Join(", ", runs.Select(run => $"{run.RunId} (\"{Shortened(run.Request)}\")"));

    private static void RefuseWithoutMaterial(WorkflowDefinition definition, WorkflowRun? run, ToolArguments arguments)
    {
        if (run is null && definition.NeededAtStart is { } needed && (arguments.Any(needed) is not { } value || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0)))
        {
            throw ToolArguments.Invalid($"'{needed}' is missing. The first step of {definition.Tool} needs it: {(needed == "path" ? "the absolute path of the repository" : "the files that it is about")}.");
        }
    }

    private static Dictionary<string, string> Details(ToolArguments arguments, ToolDescriptor tool)
    {
        var details = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in tool.Parameters.Where(parameter => !parameter.Ignored && !Common.Contains(parameter.Name)))
        {
            if (arguments.Any(parameter.Name) is not { } value)
            {
                continue;
            }

            details[parameter.Name] = value.ValueKind switch
            {
                JsonValueKind.String when parameter.Choices is not null => arguments.Choice(parameter)!,
                JsonValueKind.String => value.GetString()!,
                JsonValueKind.Array => string.Join("; ", value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString() : item.GetRawText())),
                _ => value.GetRawText(),
            };
        }

        return details;
    }

    private static WorkflowIssue Issue(JsonElement issue)
    {
        string? Member(string name) => issue.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        var place = Member("location") ?? Member("file");
        return new WorkflowIssue(Member("severity") ?? "unrated", (Member("description") ?? issue.GetRawText()) + (place is null ? "" : $" ({place})"));
    }

    private static IReadOnlyList<string> List(ToolArguments arguments, string name) => arguments.TextList(name);

    private static string Shortened(string text) => text.Length <= 60 ? text : text[..57] + "...";
}
