namespace Exai.Protocol;

/// <summary>The names under which callers know the tools: with the suffix that old clients append, and names of old.</summary>
public static class ToolNames
{
    private static readonly string[] Suffixes = ["_EXAI-WS", "-EXAI-WS", "_EXAI_WS", "-EXAI_WS"];

    private static readonly Dictionary<string, string> Aliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["deepthink"] = "thinkdeep",
        ["kimi_upload_and_extract"] = "kimi_upload_files",
        ["self_check"] = "self-check",
    };

    /// <summary>The tool's own name; a name that is nobody's comes back as it is, without its suffix.</summary>
    public static string Canonical(string name)
    {
        var bare = name.Trim();
        foreach (var suffix in Suffixes)
        {
            if (bare.Length > suffix.Length && bare.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                bare = bare[..^suffix.Length];
                break;
            }
        }

        return Aliases.GetValueOrDefault(bare)
            ?? ToolCatalogue.All.FirstOrDefault(tool => tool.Name.Equals(bare, StringComparison.OrdinalIgnoreCase))?.Name
            ?? bare;
    }
}
