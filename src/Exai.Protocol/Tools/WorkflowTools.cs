using static Exai.Protocol.CommonParameters;

namespace Exai.Protocol;

/// <summary>
/// The tools with steps: the calling agent investigates, the tool keeps the record. Only the step itself is required; a number that is left out
/// is the next one, and a call without <c>next_step_required</c> ends the work.
/// </summary>
internal static class WorkflowTools
{
    private static readonly Dictionary<string, string> OldConfidences = new() { ["incomplete"] = "low", ["partial"] = "medium", ["complete"] = "certain" };

    private static readonly ToolParameter Step = new("step", ParameterKind.Text) { Required = true, Description = "What you look into; first the problem itself" };

    private static readonly ToolParameter Findings = new("findings", ParameterKind.Text) { Longest = 50_000 };

    private static readonly ToolParameter RelevantFiles = List("relevant_files", "Absolute paths") with { Attach = AttachKind.File };

    private static readonly ToolParameter Confidence = Choice("confidence", "exploring", "low", "medium", "high", "very_high", "almost_certain", "certain") with
    {
        Synonyms = OldConfidences,
        Listed = false,
    };

    private static readonly ToolParameter Severity = Choice("severity_filter", "critical", "high", "medium", "low", "all").Unlisted();

    private static readonly ToolParameter[] Counting = [Count("step_number"), Count("total_steps").Unlisted(), Flag("next_step_required", "Default false: this is the last step")];

    /// <summary>What every investigation takes beside its own arguments.</summary>
    private static readonly ToolParameter[] Investigating =
    [
        Step, .. Counting, Findings, RelevantFiles,
        List("files_checked").Unlisted(), List("relevant_context").Unlisted(),
        new("issues_found", ParameterKind.ObjectList) { Listed = false },
        Confidence, Text("hypothesis") with { Longest = 10_000, Listed = false },
        Count("backtrack_from_step").Unlisted(), Flag("use_assistant_model").Unlisted(), Text("run_id").Unlisted(),
        Continuation, .. Asking,
    ];

    /// <summary>What the steps of a tool that asks no model share.</summary>
    private static readonly ToolParameter[] Keeping =
    [
        Step, .. Counting, Continuation, Text("run_id").Unlisted(),
        Flag("use_assistant_model") with { Listed = false, Ignored = true }, Model with { Listed = false, Ignored = true },
    ];

    private static readonly ToolParameter[] Recording =
    [
        Findings, RelevantFiles.Unlisted() with { Attach = null }, List("relevant_context").Unlisted(),
    ];

    public static ToolDescriptor[] All { get; } =
    [
        Investigation("thinkdeep", "Think deeply", "Reason about a hard problem in steps of your own; an expert model then checks and extends your reasoning.", ToolTier.Lean,
            Text("problem_context").Unlisted(), List("focus_areas").Unlisted()),
        Investigation("debug", "Debug", "Find a fault's root cause: you investigate step by step, then an expert model judges your evidence.", ToolTier.Lean)
            .Listing("hypothesis"),
        Investigation("codereview", "Review code", "Have code reviewed: you look, then an expert model reviews relevant_files and your findings.", ToolTier.Lean,
            Choice("review_type", "full", "security", "performance", "quick"), Text("focus_on").Unlisted(), Text("standards").Unlisted(), Severity),
        Investigation("analyze", "Analyze", "Understand existing code: structure, performance, security or quality, with an expert model's assessment.", ToolTier.Lean,
            Choice("analysis_type", "architecture", "performance", "security", "quality", "general") with
            {
                Synonyms = new Dictionary<string, string> { ["comprehensive"] = "general", ["full"] = "general", ["all"] = "general" },
            },
            Choice("output_format", "summary", "detailed", "actionable").Unlisted()),
        Investigation("refactor", "Refactor", "Find worthwhile changes of structure in code, confirmed by an expert model.", ToolTier.Standard,
            Choice("refactor_type", "codesmells", "decompose", "modernize", "organization"), List("focus_areas").Unlisted(),
            List("style_guide_examples") with { Attach = AttachKind.File, Listed = false }),
        Investigation("secaudit", "Security audit", "Audit code for weaknesses against a threat level, with an expert model's verdict.", ToolTier.Standard,
            Text("security_scope").Unlisted(), Choice("threat_level", "low", "medium", "high", "critical").Unlisted(), List("compliance_requirements").Unlisted(),
            Choice("audit_focus", "owasp", "compliance", "infrastructure", "dependencies", "comprehensive"), Severity),
        Investigation("testgen", "Generate tests", "Plan and write tests for named code, edge cases included.", ToolTier.Standard),
        Investigation("precommit", "Check before commit", "Check pending git changes before they are committed.", ToolTier.Standard,
            Text("path", "Absolute path of the repository") with { Attach = AttachKind.Git }, Text("compare_to", "Branch, tag or commit"),
            Flag("include_staged").Unlisted(), Flag("include_unstaged").Unlisted(), Text("focus_on").Unlisted(), Severity),

        Record("planner", "Plan", "Build a plan in steps, with revisions and branches; asks no model.", ToolTier.Lean,
            Flag("is_step_revision").Unlisted(), Count("revises_step_number").Unlisted(), Flag("is_branch_point").Unlisted(),
            Count("branch_from_step").Unlisted(), Text("branch_id").Unlisted(), Flag("more_steps_needed").Unlisted()),
        Record("tracer", "Trace", "Trace an execution path (precision) or a dependency web in steps; asks no model.", ToolTier.Standard,
        [
            Choice("trace_mode", "precision", "dependencies", "ask"), Text("target_description"), .. Recording, List("files_checked").Unlisted(), Confidence,
            Images with { Attach = null, Ignored = true },
        ]),
        Record("docgen", "Document", "Document files one after another without missing any; asks no model.", ToolTier.Standard,
        [
            Count("num_files_documented", least: 0), Count("total_files_to_document", least: 0), .. Recording,
            new ToolParameter("issues_found", ParameterKind.ObjectList) { Listed = false },
            Flag("document_complexity").Unlisted(), Flag("document_flow").Unlisted(), Flag("update_existing").Unlisted(), Flag("comments_on_complex_logic").Unlisted(),
        ]),

        new("consensus", "Consensus", "Ask several models the same question at once, each blind to the others; stances for, against or neutral.")
        {
            Tier = ToolTier.Lean,
            AsksModel = true,
            Parameters =
            [
                Step with { Description = "The proposal, complete" },
                new("models", ParameterKind.ObjectList) { Members = ["model", "stance", "stance_prompt"], MostItems = 10 },
                Findings, RelevantFiles, .. Counting.Select(parameter => parameter.Unlisted()), Continuation, Text("run_id").Unlisted(),
                Flag("use_assistant_model") with { Listed = false, Ignored = true },
                Count("current_model_index", least: 0) with { Listed = false, Ignored = true },
                new("model_responses", ParameterKind.ObjectList) { Listed = false, Ignored = true },
                .. Asking.Where(parameter => parameter.Name is not ("model" or "fallback")),
                Model with { Listed = false, Ignored = true }, Fallback with { Ignored = true },
            ],
        },
    ];

    private static ToolDescriptor Investigation(string name, string title, string description, ToolTier tier, params ToolParameter[] own) => new(name, title, description)
    {
        Tier = tier,
        AsksModel = true,
        Parameters = [.. Investigating, .. own],
    };

    private static ToolDescriptor Record(string name, string title, string description, ToolTier tier, params ToolParameter[] own) => new(name, title, description)
    {
        Tier = tier,
        Parameters = [.. Keeping, .. own],
    };

    private static ToolDescriptor Listing(this ToolDescriptor tool, string parameter) => tool with
    {
        Parameters = [.. tool.Parameters.Select(known => known.Name == parameter ? known with { Listed = true } : known)],
    };
}
