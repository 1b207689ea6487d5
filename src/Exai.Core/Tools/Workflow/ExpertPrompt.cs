using System.Text;

namespace Exai.Core.Tools.Workflow;

/// <summary>What the expert reads: the request, everything that was found, and what the answer is to heed. Its files stand behind it.</summary>
internal static class ExpertPrompt
{
    public static string Compose(WorkflowRun run, string fileNote)
    {
        var text = new StringBuilder("# Request\n\n").Append(run.Request.Trim());
        foreach (var (name, value) in run.Details.OrderBy(detail => detail.Key, StringComparer.Ordinal))
        {
            text.Append("\n- ").Append(name.Replace('_', ' ')).Append(": ").Append(value);
        }

        foreach (var step in run.Steps)
        {
            text.Append("\n\n").Append(Told(step, withText: step.Step != run.Request));
        }

        if (run.Issues.Count > 0)
        {
            text.Append("\n\n# Issues found\n\n").AppendJoin('\n', run.Issues.Select(issue => $"- {issue}"));
        }

        Write(text, "# Hypothesis", run.Hypothesis);
        Write(text, "# The investigator's confidence", run.Confidence?.Replace('_', ' '));
        Write(text, "# Relevant parts", run.Context.Count == 0 ? null : string.Join(", ", run.Context));
        Write(text, "# Files looked at", run.FilesChecked.Count == 0 ? null : string.Join(", ", run.FilesChecked));
        Write(text, "# Missing", fileNote.Length == 0 ? null : fileNote);
        return text.ToString();
    }

    /// <summary>A step in words: for the expert, and for whoever reads the thread later.</summary>
    public static string Told(WorkflowStep step, bool withText)
    {
        var text = new StringBuilder($"# Step {step.Number}");
        if (withText)
        {
            text.Append("\n\n").Append(step.Step.Trim());
        }

        if (step.Findings is { } findings)
        {
            text.Append("\n\nFindings: ").Append(findings.Trim());
        }

        return text.ToString();
    }

    private static void Write(StringBuilder text, string heading, string? content)
    {
        if (content is not null)
        {
            text.Append("\n\n").Append(heading).Append("\n\n").Append(content);
        }
    }
}
