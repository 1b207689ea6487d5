using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Kimi;

/// <summary>
/// Kimi's own search as a tool: the model calls it, the client sends the arguments back unchanged, and the provider searches while it
/// reads them. It has no description and no parameters.
/// </summary>
internal sealed class KimiBuiltinSearch : AITool
{
    public const string ToolName = "$web_search";

    public static KimiBuiltinSearch Instance { get; } = new();

    public override string Name => ToolName;

    public static void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "builtin_function");
        json.WriteStartObject("function");
        json.WriteString("name", ToolName);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
