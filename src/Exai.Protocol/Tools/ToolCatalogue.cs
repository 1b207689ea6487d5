using System.Text.Json.Nodes;

namespace Exai.Protocol;

/// <summary>
/// Every tool there is. Shim and daemon read the same list, so that a client that starts before any daemon sees the tools that it will get.
/// </summary>
public static class ToolCatalogue
{
    public static IReadOnlyList<ToolDescriptor> All { get; } = [.. ServerTools.All, .. WorkflowTools.All, .. JobTools.All, .. ProviderTools.All];

    public static ToolDescriptor? Find(string name) => All.FirstOrDefault(tool => string.Equals(tool.Name, name, StringComparison.Ordinal));

    /// <summary>Whether the answer is computed anew each time, outside the journal.</summary>
    /// <param name="name">In any spelling that <see cref="ToolNames"/> knows.</param>
    public static bool IsRecomputed(string name) => Find(ToolNames.Canonical(name))?.Recomputed is true;

    /// <summary>The tools that clients get: a profile's, and those enabled beside it, without the disabled ones, which nothing brings back.</summary>
    /// <param name="tier">The profile.</param>
    /// <param name="enabled">Names, in any spelling that <see cref="ToolNames"/> knows.</param>
    /// <param name="disabled">The same.</param>
    public static IReadOnlyList<ToolDescriptor> Select(ToolTier tier, IReadOnlyCollection<string> enabled, IReadOnlyCollection<string> disabled)
    {
        var added = enabled.Select(ToolNames.Canonical).ToHashSet(StringComparer.Ordinal);
        var removed = disabled.Select(ToolNames.Canonical).ToHashSet(StringComparer.Ordinal);
        return [.. All.Where(tool => (tool.Tier <= tier || added.Contains(tool.Name)) && !removed.Contains(tool.Name))];
    }

    /// <summary>About what the list of these tools costs in a client's context: characters / 4.</summary>
    public static int Tokens(IEnumerable<ToolDescriptor> tools) => (ListResult(tools).ToJsonString(ToolResults.Json).Length + 3) / 4;

    /// <summary>The result of <c>tools/list</c> for clients with an <c>initialize</c> handshake.</summary>
    public static JsonObject ListResult(IEnumerable<ToolDescriptor> tools) => new()
    {
        ["tools"] = new JsonArray([.. tools.OrderBy(tool => tool.Name, StringComparer.Ordinal).Select(tool => tool.ToJson())]),
    };
}
