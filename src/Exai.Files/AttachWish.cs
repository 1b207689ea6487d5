using System.Text.Json;
using Exai.Protocol;

namespace Exai.Files;

/// <summary>What a tool wants to have read: an entry of its descriptor's <c>_meta["exai/attach"]</c>.</summary>
/// <param name="Kind">file | image | directory | git.</param>
/// <param name="Binary">Whether files need not be text.</param>
internal sealed record AttachWish(string Argument, string Kind, bool Binary)
{
    /// <summary>What the tool wants; empty when it is unknown or wants nothing.</summary>
    /// <param name="toolList">The result of <c>tools/list</c>.</param>
    public static IReadOnlyList<AttachWish> Of(string tool, string toolList)
    {
        using var document = JsonDocument.Parse(toolList);
        if (!document.RootElement.TryGetProperty("tools", out var tools) || tools.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        var name = ToolNames.Canonical(tool);
        foreach (var entry in tools.EnumerateArray())
        {
            if (Text(entry, "name") == name && entry.TryGetProperty("_meta", out var meta) && meta.ValueKind == JsonValueKind.Object
                && meta.TryGetProperty(MetaKeys.Attach, out var wishes) && wishes.ValueKind == JsonValueKind.Array)
            {
                return [.. wishes.EnumerateArray().Select(Read).OfType<AttachWish>()];
            }
        }

        return [];
    }

    /// <summary>What the tool wants.</summary>
    public static IReadOnlyList<AttachWish> Of(ToolDescriptor tool) =>
        [.. tool.Parameters.Where(parameter => parameter.Attach is not null).Select(parameter => new AttachWish(parameter.Name, KindOf(parameter), parameter.Binary))];

    private static string KindOf(ToolParameter parameter) => parameter.Attach!.Value.ToString().ToLowerInvariant();

    private static AttachWish? Read(JsonElement wish) => Text(wish, "argument") is { } argument && Text(wish, "kind") is { } kind
        ? new AttachWish(argument, kind, wish.TryGetProperty("binary", out var binary) && binary.ValueKind == JsonValueKind.True)
        : null;

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
