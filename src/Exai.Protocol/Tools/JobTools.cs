using static Exai.Protocol.CommonParameters;

namespace Exai.Protocol;

/// <summary>The tools for calls that outlast their client's patience. A job is a call, and its id the call's.</summary>
public static class JobTools
{
    public const string Result = "job_result";
    public const string List = "job_list";
    public const string Cancel = "job_cancel";

    /// <summary>What <c>structuredContent.status</c> says of a call that goes on.</summary>
    public const string Running = "running";

    private static readonly ToolParameter JobId = Text("job_id") with { Required = true, Longest = 100 };

    public static IReadOnlyList<ToolDescriptor> All { get; } =
    [
        new(Result, "Job result", "The answer of a call that was still running, by its job_id. Waits for it, and says so if it runs on.")
        {
            Tier = ToolTier.Lean,
            Recomputed = true,
            Parameters = [JobId, new ToolParameter("wait_seconds", ParameterKind.Number) { Description = "Default 40; never longer than your client waits", Least = 0, Most = 3600 }],
        },
        new(List, "Jobs", "Recent calls with job_id and state, newest first.") { Recomputed = true, Parameters = [] },
        new(Cancel, "Cancel job", "Ends a running call at once.") { Recomputed = true, ReadOnly = false, Parameters = [JobId] },
    ];
}
