using System.Text.Json.Nodes;
using Exai.Protocol;
using ModelContextProtocol.Protocol;

namespace Exai.Daemon.Link;

/// <summary>
/// Refuses a <c>tools/call</c> that the MCP SDK could only answer with "An error occurred": the caller learns what was wrong with it.
/// </summary>
internal static class ToolCallShape
{
    /// <summary>The answer to a call without a name, or whose arguments are no object; null for all others.</summary>
    public static JsonRpcMessage? Refuse(JsonRpcRequest request)
    {
        if (request.Method != "tools/call")
        {
            return null;
        }

        var problem = request.Params is not JsonObject parameters ? "A tools/call needs params: an object with the tool's name and its arguments."
            : parameters["name"] is not JsonValue name || !name.TryGetValue<string>(out _) ? "A tools/call needs the tool's 'name', a text."
            : parameters["arguments"] is not (null or JsonObject) ? $"'arguments' was {Shown(parameters["arguments"]!)}; it must be a JSON object."
            : null;
        return problem is null ? null : new JsonRpcResponse
        {
            Id = request.Id,
            Result = ToolResults.Failure(new CallError { Code = Exai.Protocol.ErrorCodes.InvalidArgument, Message = problem }),
        };
    }

    private static string Shown(JsonNode value)
    {
        var json = value.ToJsonString();
        return json.Length <= 60 ? json : json[..57] + "...";
    }
}
