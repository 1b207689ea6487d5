namespace Exai.Core.Tools.Workflow;

/// <summary>One step of an investigation, as the thread keeps it. Stored data: a renamed member needs a migration.</summary>
internal sealed record WorkflowStep
{
    /// <summary>The call id of the investigation's first step.</summary>
    public required string RunId { get; init; }

    public required int Number { get; init; }

    public required int Total { get; init; }

    /// <summary>More steps are to come.</summary>
    public required bool Next { get; init; }

    public required string Step { get; init; }

    public string? Findings { get; init; }

    // The generated reader assigns null to members that the JSON leaves out.
    public IReadOnlyList<string> FilesChecked { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> RelevantFiles { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> Context { get; init => field = value ?? []; } = [];

    public IReadOnlyList<WorkflowIssue> Issues { get; init => field = value ?? []; } = [];

    public string? Confidence { get; init; }

    public string? Hypothesis { get; init; }

    /// <summary>This step and later ones of before are void.</summary>
    public int? BacktrackFrom { get; init; }

    /// <summary>The tool's own arguments, as text.</summary>
    public IReadOnlyDictionary<string, string> Details { get; init => field = value ?? Empty; } = Empty;

    private static readonly Dictionary<string, string> Empty = [];
}

/// <summary>Something that an investigation has found wrong.</summary>
internal sealed record WorkflowIssue(string Severity, string Description)
{
    public override string ToString() => $"[{Severity}] {Description}";
}
