using Exai.Protocol;

namespace Exai.Shim.Messages;

/// <summary>Reads a response that refuses a call because its session's share of the queue is used up. Nothing was run; the same call may come again.</summary>
internal static class CapacityRefusal
{
    /// <summary>Seconds until the call may be sent again; null for any other response.</summary>
    public static double? RetryAfterSecs(Envelope response)
    {
        if (response.Bytes.Span.IndexOf("\"OVER_CAPACITY\""u8) < 0)
        {
            return null;
        }

        var slice = response.Bytes;
        foreach (var name in (ReadOnlySpan<string>)["result", "_meta", MetaKeys.Error])
        {
            slice = JsonSlice.Member(slice, name).Value;
        }

        return JsonSlice.Text(JsonSlice.Member(slice, "code").Value) == ErrorCodes.OverCapacity
            ? JsonSlice.Number(JsonSlice.Member(slice, "retryAfterSecs").Value)
            : null;
    }
}
