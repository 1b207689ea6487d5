using Exai.Core.Models;

namespace Exai.Core.Tools.Workflow;

/// <summary>The tools that investigate in steps and then ask an expert.</summary>
internal static class WorkflowDefinitions
{
    public static IReadOnlyList<WorkflowDefinition> All { get; } =
    [
        new("thinkdeep", "line of thought")
        {
            Thinking = ThinkingMode.High,
            Begin = "Test your first idea against the code or the facts: what does it assume, and what would refute it?",
            GoOn = "Follow what is least certain. Compare at least one real alternative, and note edge cases.",
            WhenSure = "You are certain: act on your conclusion, and tell the user on what it rests.",
        },
        new("debug", "investigation")
        {
            Begin = "Read the code on the failing path and look for evidence: logs, inputs, recent changes. State a hypothesis that evidence could refute.",
            GoOn = "Trace the evidence one step nearer to the cause. Say what each finding does to the hypothesis; finding no fault is a result too.",
            WhenSure = "You are certain of the cause: mend it with the smallest change, and add the test that fails without it.",
        },
        new("codereview", "review")
        {
            NeededAtStart = "relevant_files",
            Begin = "Read the files whole, with what calls them. Note defects with file, line and severity.",
            GoOn = "Check what you have not: error paths, concurrency, input from outside, tests. Take back what proved wrong.",
            WhenSure = "You are certain: report the issues by severity, the gravest first.",
        },
        new("analyze", "analysis")
        {
            SureAt = [],
            Begin = "Map the structure: entry points, main parts, how data flows. Name the files that matter.",
            GoOn = "Go into what bears on the question: coupling, cost, risk. Give evidence by file and line.",
        },
        new("refactor", "search for changes")
        {
            SureAt = ["certain", "almost_certain"],
            Begin = "Read the code and what uses it. Note where its structure hinders: size, duplication, tangled duties, outdated forms.",
            GoOn = "Weigh each candidate: what gets simpler, what could break, which tests hold it. Keep the worthwhile ones.",
            WhenSure = "You are sure of the changes: make them in small steps, tests green after each.",
        },
        new("secaudit", "audit")
        {
            Begin = "Find where untrusted input enters, and what is worth protecting. Look at authentication, authorisation, secrets and dependencies.",
            GoOn = "Follow untrusted data to where it does harm. For each weakness note severity, how it is exploited, and the mend.",
            WhenSure = "You are certain: report the weaknesses by severity, each with its mend.",
        },
        new("testgen", "test plan")
        {
            NeededAtStart = "relevant_files",
            Begin = "Read the code under test and the tests there are: framework, naming, fixtures. List behaviours, limits and failures worth a test.",
            GoOn = "Work out the cases that would catch a real defect: limits, errors, order, concurrency. Leave out those that cannot fail.",
            WhenSure = "You are certain of the cases: write the tests in the project's own style, and run them.",
        },
        new("precommit", "check")
        {
            NeededAtStart = "path",
            Begin = "Read the diff, then the code around each change. Does it do what was asked, and only that?",
            GoOn = "Look for what is missing: tests, callers that were not changed, error paths, left-overs, secrets.",
            WhenSure = "You are certain: mend what you found, then commit.",
        },
    ];
}
