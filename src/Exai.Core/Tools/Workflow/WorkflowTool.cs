using System.Globalization;
using System.Text.Json;
using Exai.Core.Admission;
using Exai.Core.Models;
using Exai.Core.Storage;
using Exai.Core.Threads;
using Exai.Core.Tools.Files;
using Exai.Protocol;

namespace Exai.Core.Tools.Workflow;

/// <summary>
/// The engine of all tools with steps. The calling agent investigates; a step is
/// <list type="number">
/// <item>read, and put to the investigation that its thread holds;</item>
/// <item>answered with what is expected next, as long as more steps are to come;</item>
/// <item>or, the last one, judged by an expert model that sees everything found, the files and the earlier thread;</item>
/// <item>kept as a turn of the thread, with the outcome of its call.</item>
/// </list>
/// Nothing is kept between calls. A last step whose expert failed leaves no turn: it can be sent again.
/// </summary>
internal sealed class WorkflowTool(WorkflowDefinition definition) : ITool
{
    private readonly string _systemPrompt = definition.Conclude is null ? PromptLibrary.Read(definition.Tool) : "";

    public ToolDescriptor Descriptor => definition.Descriptor;

    /// <summary>Every tool that runs on this engine.</summary>
    public static IEnumerable<ITool> All() => WorkflowDefinitions.All.Concat(LocalDefinitions.All).Select(definition => new WorkflowTool(definition));

    public async Task<ToolAnswer> RunAsync(CallContext context, CancellationToken cancellationToken)
    {
        // 1. Which investigation, which step.
        var thread = await context.OpenThreadAsync(cancellationToken);
        var (known, step) = StepReader.Read(context, definition, thread);
        var run = known ?? WorkflowRun.Begin(step);
        var revoked = known is null ? [] : known.Add(step);
        var files = await context.GatherFilesAsync(step.RelevantFiles, thread, cancellationToken);

        // 2. More to come.
        if (step.Next || definition.Unfinished(run) is not null)
        {
            return new ToolAnswer(Interim(run, step, revoked, files), Turn(context, step, files, "Noted.", model: ""));
        }

        // 3. The end: by the tool itself, by a sure agent, or by the expert.
        if (definition.Conclude is { } conclude)
        {
            return new ToolAnswer(conclude(run), Turn(context, step, files, $"The {definition.Noun} is complete.", model: ""));
        }

        if (WhyNoExpert(context, run) is { } reason)
        {
            return new ToolAnswer($"{reason}\n\n{Summary(run)}", Turn(context, step, files, reason, model: ""));
        }

        var answer = await AskExpertAsync(context, run, thread, files, cancellationToken);
        return new ToolAnswer(
            Asking.WithNote(AnswerText.Compose(answer), files),
            Turn(context, step, files, answer.Text, $"{answer.Provider}/{answer.Model}"));
    }

    private Task<ModelAnswer> AskExpertAsync(CallContext context, WorkflowRun run, ConversationThread? thread, CallFiles files, CancellationToken cancellationToken)
    {
        // The steps of this investigation are in the prompt; what an expert said of it before is not.
        bool IsInPrompt(Turn turn) => turn.Tool == definition.Tool && turn.Model.Length == 0 && WorkflowRun.StepOf(turn)?.RunId == run.RunId;
        var question = Asking.Question(context, _systemPrompt, ExpertPrompt.Compose(run, files.Note), thread, IsInPrompt);
        question = question with { Thinking = question.Thinking ?? definition.Thinking, Files = files.Texts, Images = files.Images, EarlierImages = files.EarlierImages };
        context.Report("asking the expert");
        return context.AskAsync("expert", question, cancellationToken, AttemptPriority.Background);
    }

    private string? WhyNoExpert(CallContext context, WorkflowRun run)
    {
        if (context.Arguments.OptionalBool("use_assistant_model") == false)
        {
            return $"The {definition.Noun} is complete; no expert was asked, as you wished.";
        }

        return definition.SureAt.Contains(run.Confidence, StringComparer.Ordinal)
            ? $"The {definition.Noun} is complete; no expert was asked, because your confidence is {run.Confidence}. {definition.WhenSure}"
            : null;
    }

    private string Interim(WorkflowRun run, WorkflowStep step, IReadOnlyList<int> revoked, CallFiles files)
    {
        var total = step.Total > step.Number ? $" of {step.Total}" : "";
        var lines = new List<string> { $"{definition.Tool}: step {step.Number}{total} is noted ({Counts(run)})." };
        if (revoked.Count > 0)
        {
            lines.Add($"It takes the place of step {string.Join(", ", revoked.Distinct())}.");
        }

        if (files.Problems.Count > 0 && definition.Conclude is null)
        {
            lines.Add(files.Note);
        }

        lines.Add(definition.Unfinished(run)
            ?? definition.Special(run, step)
            ?? (definition.SureAt.Contains(run.Confidence, StringComparer.Ordinal)
                ? "You are sure: send the last step with next_step_required false."
                : step.Number == 1 ? definition.Begin : definition.GoOn));
        var expert = definition.Conclude is null ? "; then the expert judges everything found" : "";
        lines.Add($"Next: call {definition.Tool} with step_number {step.Number + 1}, your new findings and the continuation_id below. Set next_step_required to false when you are done{expert}.");
        return string.Join('\n', lines);
    }

    private static string Counts(WorkflowRun run)
    {
        var files = run.FilesChecked.Union(run.RelevantFiles, StringComparer.Ordinal).Count();
        var parts = new List<string> { string.Create(CultureInfo.InvariantCulture, $"{files} files, {run.Issues.Count} issues") };
        if (run.Confidence is { } confidence)
        {
            parts.Add($"confidence {confidence}");
        }

        return string.Join(", ", parts);
    }

    private static string Summary(WorkflowRun run) =>
        string.Join("\n\n", run.Steps.Select(step => ExpertPrompt.Told(step, withText: true)))
        + (run.Issues.Count == 0 ? "" : $"\n\n# Issues found\n\n{string.Join('\n', run.Issues.Select(issue => $"- {issue}"))}")
        + (run.RelevantFiles.Count == 0 ? "" : $"\n\n# Relevant files\n\n{string.Join('\n', run.RelevantFiles.Select(file => $"- {file}"))}");

    private Turn Turn(CallContext context, WorkflowStep step, CallFiles files, string answer, string model) => new()
    {
        CallId = context.Call.CallId,
        Tool = definition.Tool,
        Question = $"[{definition.Tool}] {ExpertPrompt.Told(step, withText: true)}",
        Answer = answer,
        Model = model,
        At = context.Time.GetUtcNow(),
        State = JsonSerializer.Serialize(step, StoreJson.Default.WorkflowStep),
        Files = files.References,
    };
}
