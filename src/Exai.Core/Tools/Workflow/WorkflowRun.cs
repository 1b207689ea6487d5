using System.Text.Json;
using Exai.Core.Storage;
using Exai.Core.Threads;

namespace Exai.Core.Tools.Workflow;

/// <summary>
/// One investigation as its thread tells it: nothing of it is kept anywhere else, so two never mix, and both survive the process.
/// </summary>
internal sealed class WorkflowRun
{
    private readonly List<WorkflowStep> _steps = [];

    private WorkflowRun(WorkflowStep first)
    {
        RunId = first.RunId;
        Request = first.Step;
        Add(first);
    }

    /// <summary>The call id of its first step.</summary>
    public string RunId { get; }

    /// <summary>What it is about: the text of its first step.</summary>
    public string Request { get; }

    /// <summary>The steps that count, in order: those that were taken back, or said anew, are not among them.</summary>
    public IReadOnlyList<WorkflowStep> Steps => _steps;

    public WorkflowStep Last => _steps[^1];

    public bool IsOpen => Last.Next;

    public IReadOnlyList<string> RelevantFiles => Union(step => step.RelevantFiles);

    public IReadOnlyList<string> FilesChecked => Union(step => step.FilesChecked);

    public IReadOnlyList<string> Context => Union(step => step.Context);

    public IReadOnlyList<WorkflowIssue> Issues => [.. _steps.SelectMany(step => step.Issues).Distinct()];

    public string? Confidence => _steps.LastOrDefault(step => step.Confidence is not null)?.Confidence;

    public string? Hypothesis => _steps.LastOrDefault(step => step.Hypothesis is not null)?.Hypothesis;

    /// <summary>The tool's own arguments; a later step's word counts.</summary>
    public IReadOnlyDictionary<string, string> Details
    {
        get
        {
            var details = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (name, value) in _steps.SelectMany(step => step.Details))
            {
                details[name] = value;
            }

            return details;
        }
    }

    /// <summary>The investigations with one tool that the thread holds, in the order of their beginning.</summary>
    public static List<WorkflowRun> Of(ConversationThread? thread, string tool)
    {
        var runs = new List<WorkflowRun>();
        foreach (var turn in (thread?.Turns ?? []).Where(turn => turn.Tool == tool))
        {
            if (StepOf(turn) is not { } step)
            {
                continue;
            }

            if (runs.Find(run => run.RunId == step.RunId) is { } known)
            {
                known.Add(step);
            }
            else
            {
                runs.Add(new WorkflowRun(step));
            }
        }

        return runs;
    }

    public static WorkflowRun Begin(WorkflowStep first) => new(first);

    /// <summary>Null for a turn that is no step.</summary>
    public static WorkflowStep? StepOf(Turn turn) => turn.State is { } state ? JsonSerializer.Deserialize(state, StoreJson.Default.WorkflowStep) : null;

    /// <summary>Takes a step in, and takes back what it revokes: the steps from which it goes back, or an earlier one of its number.</summary>
    /// <returns>The numbers of the steps that no longer count.</returns>
    public IReadOnlyList<int> Add(WorkflowStep step)
    {
        var revoked = _steps.Where(known => known.Number >= (step.BacktrackFrom ?? int.MaxValue) || known.Number == step.Number).Select(known => known.Number).ToList();
        _steps.RemoveAll(known => revoked.Contains(known.Number));
        _steps.Add(step);
        return revoked;
    }

    private List<string> Union(Func<WorkflowStep, IReadOnlyList<string>> list) => [.. _steps.SelectMany(list).Distinct(StringComparer.Ordinal)];
}
