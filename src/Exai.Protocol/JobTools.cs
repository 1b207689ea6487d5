namespace Exai.Protocol;

/// <summary>The tools for calls that outlast their client's patience. A job is a call, and its id the call's.</summary>
public static class JobTools
{
    public const string Result = "job_result";
    public const string List = "job_list";
    public const string Cancel = "job_cancel";

    /// <summary>What <c>structuredContent.status</c> says of a call that goes on.</summary>
    public const string Running = "running";

    public static IReadOnlyList<ToolDescriptor> All { get; } =
    [
        new(Result, "Job result", "The answer of a call that was still running, by its job_id. Waits for it, and says so if it runs on.",
            """
            {"type":"object","properties":{
            "job_id":{"type":"string"},
            "wait_seconds":{"type":"number","minimum":0,"description":"Default 40; never longer than your client waits"}},
            "required":["job_id"],"additionalProperties":false}
            """, AsksModel: false),
        new(List, "Jobs", "Recent calls with job_id and state, newest first.", """{"type":"object","properties":{},"additionalProperties":false}""", AsksModel: false),
        new(Cancel, "Cancel job", "Ends a running call at once.",
            """{"type":"object","properties":{"job_id":{"type":"string"}},"required":["job_id"],"additionalProperties":false}""", AsksModel: false),
    ];
}
