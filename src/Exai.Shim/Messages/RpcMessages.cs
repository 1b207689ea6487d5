using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Exai.Protocol;

namespace Exai.Shim.Messages;

/// <summary>The messages that the shim makes itself, as bytes without a line end.</summary>
internal static class RpcMessages
{
    /// <summary>More bytes without a line end make common clients close the connection.</summary>
    public const int LongestLine = 10 * 1024 * 1024;

    public static byte[] Result(RequestId id, JsonNode result) => Bytes($"{{\"jsonrpc\":\"2.0\",\"id\":{id.ToJson()},\"result\":{result.ToJsonString(ToolResults.Json)}}}");

    public static byte[] Result(RequestId id, string resultJson) => Bytes($"{{\"jsonrpc\":\"2.0\",\"id\":{id.ToJson()},\"result\":{resultJson}}}");

    public static byte[] Error(RequestId? id, int code, string message) =>
        Bytes($"{{\"jsonrpc\":\"2.0\",\"id\":{id?.ToJson() ?? "null"},\"error\":{{\"code\":{code},\"message\":{JsonSlice.Quote(message)}}}}}");

    /// <param name="data">What programs may read of it.</param>
    public static byte[] Error(RequestId id, int code, string message, JsonObject data) =>
        Bytes($"{{\"jsonrpc\":\"2.0\",\"id\":{id.ToJson()},\"error\":{{\"code\":{code},\"message\":{JsonSlice.Quote(message)},\"data\":{data.ToJsonString(ToolResults.Json)}}}}}");

    public static byte[] Request(RequestId id, string method, string? paramsJson = null) =>
        Bytes($"{{\"jsonrpc\":\"2.0\",\"id\":{id.ToJson()},\"method\":{JsonSlice.Quote(method)}{(paramsJson is null ? "" : ",\"params\":" + paramsJson)}}}");

    public static byte[] Notification(string method, string? paramsJson = null) =>
        Bytes($"{{\"jsonrpc\":\"2.0\",\"method\":{JsonSlice.Quote(method)}{(paramsJson is null ? "" : ",\"params\":" + paramsJson)}}}");

    public static byte[] Array(IReadOnlyList<ReadOnlyMemory<byte>> messages)
    {
        var array = new List<byte>(messages.Sum(message => message.Length + 1) + 1);
        foreach (var message in messages)
        {
            array.Add((byte)(array.Count == 0 ? '[' : ','));
            array.AddRange(message.Span);
        }

        array.Add((byte)']');
        return [.. array];
    }

    /// <param name="token">The client's progress token, as raw JSON.</param>
    public static byte[] Progress(ReadOnlyMemory<byte> token, double progress, string message) => Notification(
        "notifications/progress",
        $"{{\"progressToken\":{Encoding.UTF8.GetString(token.Span)},\"progress\":{progress.ToString("0.###", CultureInfo.InvariantCulture)},\"message\":{JsonSlice.Quote(message)}}}");

    /// <summary>For the daemon: see <see cref="LinkContract.DetachedNotification"/>.</summary>
    public static byte[] Detached(RequestId call, bool again) =>
        Notification(LinkContract.DetachedNotification, $"{{\"requestId\":{call.ToJson()},\"again\":{(again ? "true" : "false")}}}");

    /// <summary>The same message under another id.</summary>
    public static byte[] WithId(Envelope message, RequestId id)
    {
        var (value, start) = JsonSlice.Member(message.Bytes, "id");
        return [.. message.Bytes.Span[..start], .. Encoding.UTF8.GetBytes(id.ToJson()), .. message.Bytes.Span[(start + value.Length)..]];
    }

    private static byte[] Bytes(string json) => Encoding.UTF8.GetBytes(json);
}
