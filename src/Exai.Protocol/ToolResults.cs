using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Exai.Protocol;

/// <summary>
/// Builds MCP <c>CallToolResult</c> objects. Shim and daemon share it, so that an error looks the same wherever it was made:
/// <c>isError: true</c>, text <c>CODE: message</c>, and <c>_meta["exai/error"]</c>.
/// </summary>
public static class ToolResults
{
    public static JsonSerializerOptions Json { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonObject Success(string text, Receipt? receipt = null) => Build(text, isError: false, receipt, error: null);

    public static JsonObject Failure(CallError error, Receipt? receipt = null) =>
        Build($"{error.Code}: {error.Message}", isError: true, receipt, error);

    private static JsonObject Build(string text, bool isError, Receipt? receipt, CallError? error)
    {
        var result = new JsonObject
        {
            ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }),
            ["isError"] = isError,
        };
        var meta = new JsonObject();
        if (receipt is not null)
        {
            meta[MetaKeys.Receipt] = JsonSerializer.SerializeToNode(receipt, WireJson.Relaxed.Receipt);
        }

        if (error is not null)
        {
            meta[MetaKeys.Error] = JsonSerializer.SerializeToNode(error, WireJson.Relaxed.CallError);
        }

        if (meta.Count > 0)
        {
            result["_meta"] = meta;
        }

        return result;
    }
}
