namespace Exai.Protocol;

/// <summary>
/// The tools whose answer is computed anew each time, outside the journal: there is no job of theirs to claim, and asking again costs nothing.
/// </summary>
public static class RecomputedTools
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "version", "status", "listmodels", "challenge", JobTools.Result, JobTools.List, JobTools.Cancel,
        "health", "activity", "provider_capabilities", "self-check", "toolcall_log_tail", "glm_payload_preview",
    };

    /// <param name="tool">Its own name, or one of old.</param>
    public static bool Contains(string tool) => Names.Contains(ToolNames.Canonical(tool));
}
