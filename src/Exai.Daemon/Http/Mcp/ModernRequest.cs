using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Protocol;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;

namespace Exai.Daemon.Http.Mcp;

/// <summary>
/// What a request without a handshake must say, in its headers and once more in its body: proxies act on the headers, so a body that says
/// something else is refused.
/// </summary>
internal static class ModernRequest
{
    private const int InvalidParams = -32602;
    private const int MethodNotFound = -32601;

    /// <summary>The version that the request names in its header or its body; null for none.</summary>
    public static string? Version(HttpContext context, JsonRpcMessage message) =>
        Header(context, "MCP-Protocol-Version") ?? Text(Meta(message)?[ModernProtocol.VersionKey]);

    /// <summary>The name by which the client goes; null when it gives none.</summary>
    public static string? ClientName(JsonRpcMessage message) => Text(Client(message)?["name"]);

    /// <summary>Its version, as it says; null when it says none.</summary>
    public static string? ClientVersion(JsonRpcMessage message) => Text(Client(message)?["version"]);

    /// <summary>The status and error that refuse the request; null for one that is as it should be.</summary>
    public static (int Status, JsonRpcErrorDetail Error)? Refuse(HttpContext context, JsonRpcMessage message)
    {
        if (message is not JsonRpcRequest request)
        {
            return null;
        }

        var meta = Meta(message);
        var inHeader = Header(context, "MCP-Protocol-Version");
        var inBody = Text(meta?[ModernProtocol.VersionKey]);
        if (inBody is null || meta?[ModernProtocol.CapabilitiesKey] is not JsonObject)
        {
            return Error(StatusCodes.Status400BadRequest, InvalidParams,
                $"params._meta must have \"{ModernProtocol.VersionKey}\", a text, and \"{ModernProtocol.CapabilitiesKey}\", an object.");
        }

        if (inHeader != inBody)
        {
            return Mismatch("MCP-Protocol-Version", inHeader, inBody);
        }

        if (inBody != ModernProtocol.Version)
        {
            return (StatusCodes.Status400BadRequest, UnsupportedVersion(inBody, [ModernProtocol.Version]));
        }

        if (Header(context, "Mcp-Method") is var method && method != request.Method)
        {
            return Mismatch("Mcp-Method", method, request.Method);
        }

        if (RoutingName(request) is { } name && Decoded(Header(context, "Mcp-Name")) is var named && named != name)
        {
            return Mismatch("Mcp-Name", named, name);
        }

        return ModernProtocol.Removed.Contains(request.Method)
            ? Error(StatusCodes.Status404NotFound, MethodNotFound, $"'{request.Method}' is not part of {ModernProtocol.Version}.")
            : null;
    }

    /// <param name="supported">The versions of the era in which the client asked.</param>
    public static JsonRpcErrorDetail UnsupportedVersion(string? requested, IEnumerable<string> supported) => new()
    {
        Code = ModernProtocol.UnsupportedVersion,
        Message = $"The protocol version '{requested}' is not supported.",
        Data = JsonSerializer.SerializeToElement(new JsonObject
        {
            ["supported"] = new JsonArray([.. supported.Select(version => (JsonNode)version)]),
            ["requested"] = requested,
        }),
    };

    /// <summary>Which status the first message of an answer asks for.</summary>
    public static int Status(JsonRpcMessage? first) => first is not JsonRpcError { Error.Code: var code } ? StatusCodes.Status200OK : code switch
    {
        MethodNotFound => StatusCodes.Status404NotFound,
        ModernProtocol.HeaderMismatch or ModernProtocol.MissingCapability or ModernProtocol.UnsupportedVersion => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status200OK,
    };

    private static (int Status, JsonRpcErrorDetail Error) Mismatch(string header, string? value, string expected) => Error(
        StatusCodes.Status400BadRequest, ModernProtocol.HeaderMismatch,
        value is null ? $"The header {header} is missing; the body says '{expected}'." : $"The header {header} says '{value}', the body '{expected}'.");

    private static (int Status, JsonRpcErrorDetail Error) Error(int status, int code, string message) => (status, new JsonRpcErrorDetail { Code = code, Message = message });

    private static string? RoutingName(JsonRpcRequest request) => request.Method switch
    {
        "tools/call" or "prompts/get" => Text((request.Params as JsonObject)?["name"]),
        "resources/read" => Text((request.Params as JsonObject)?["uri"]),
        _ => null,
    };

    /// <summary>A name that is no ASCII is wrapped as <c>=?base64?…?=</c>.</summary>
    private static string? Decoded(string? value)
    {
        const string Start = "=?base64?", End = "?=";
        if (value is null || !value.StartsWith(Start, StringComparison.OrdinalIgnoreCase) || !value.EndsWith(End, StringComparison.Ordinal))
        {
            return value;
        }

        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(value[Start.Length..^End.Length]));
        }
        catch (FormatException)
        {
            return value;
        }
    }

    private static JsonObject? Client(JsonRpcMessage message) => Meta(message)?[ModernProtocol.ClientInfoKey] as JsonObject;

    private static JsonObject? Meta(JsonRpcMessage message) => message switch
    {
        JsonRpcRequest request => (request.Params as JsonObject)?["_meta"] as JsonObject,
        JsonRpcNotification notification => (notification.Params as JsonObject)?["_meta"] as JsonObject,
        _ => null,
    };

    private static string? Header(HttpContext context, string name) => context.Request.Headers[name].ToString() is { Length: > 0 } value ? value.Trim() : null;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
