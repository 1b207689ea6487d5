using System.Text;

namespace Exai.Core.Tests.Providers;

/// <summary>Streams that no server should send, made of ones that they do send.</summary>
internal static class StreamMutations
{
    private static readonly string[] Names =
    [
        "id", "model", "choices", "index", "delta", "message", "content", "reasoning_content", "reasoning", "reasoning_details", "tool_calls", "function", "name",
        "arguments", "type", "finish_reason", "usage", "prompt_tokens", "completion_tokens_details", "web_search", "search_result", "link", "error", "code", "msg", "object",
    ];

    private static readonly string[] Scalars =
    [
        "null", "true", "false", "0", "-1", "1e999", "-1e-999", "9223372036854775808", "1.5", "123456789012345678901234567890", "\"\"", "\" \"", "\"x\"", "\"stop\"", "\"length\"",
        "\"tool_calls\"", "\"sensitive\"", "\"error\"", "\"<think>\"", "\"</think>\"", "\"<|begin_of_box|>\"", "\"<tool_call>\"", "\"{}\"", "\"{\\\"a\\\":1}\"", "\"\\ud800\"",
        "\"\\udfff\\ud83d\"", "\"{\\\"\\\\ud800\\\":1}\"", "\"data: {\\\"id\\\":\\\"z\\\",\\\"choices\\\":[]}\"", "\"\\u0000\\u001b[31m\\u202e\"", "\"<html>\"", "\"1302\"", "1308", "\"1301\"",
        "\"engine_overloaded_error\"", "\"will reset at 2026-10-01 20:00:00\"", "\"sk-0123456789\"", "{}", "[]", "[[]]", "[{}]", "{\"a\":1,\"a\":2}",
    ];

    private static readonly string[] Lines =
    [
        "data: ", "data:", "data", "\n\n", "\n", "\r", "\r\n\r\n", ": c\n\n", "event: error\n", "event: x\n", "id: 1\n", "data: [DONE]\n\n", "[DONE]", "<html>", "\u0000", "\ufeff", "é", "😀",
        "{\"id\":\"chatcmpl-2\",\"choices\":[{\"delta\":{\"content\":\"x\"}}]}", "data: {\"error\":[]}\n\n", "data: {\"code\":1,\"msg\":\"m\"}\n\n", "data: \"text\"\n\n",
    ];

    public static byte[] Make(Random random)
    {
        var bytes = random.Next(4) == 0 ? Encoding.UTF8.GetBytes(Chunks(random)) : Encoding.UTF8.GetBytes(Pick(random, StreamSamples.All));
        for (var steps = random.Next(4); steps > 0; steps--)
            bytes = Mutate(bytes, random);
        return bytes;
    }

    private static byte[] Mutate(byte[] bytes, Random random)
    {
        var (start, end) = Range(bytes.Length, random);
        switch (random.Next(8))
        {
            case 0 when bytes.Length > 0:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                return bytes[..start];
            case 2:
                return [.. bytes[..start], .. bytes[end..]];
            case 3:
                return [.. bytes[..end], .. bytes[start..]];
            case 4:
                var other = Encoding.UTF8.GetBytes(Pick(random, StreamSamples.All));
                return [.. bytes[..start], .. other[Range(other.Length, random).Start..]];
            case 5:
                var noise = new byte[random.Next(1, 20)];
                random.NextBytes(noise);
                return [.. bytes[..start], .. noise, .. bytes[start..]];
            case 6:
                return [.. bytes[..start], .. Encoding.UTF8.GetBytes(Pick(random, Lines)), .. bytes[start..]];
            default:
                return [.. bytes[..start], .. Encoding.UTF8.GetBytes(Json(random, depth: random.Next(5))), .. bytes[end..]];
        }
    }

    /// <summary>Chunks of the right shape, with any JSON where a value belongs.</summary>
    private static string Chunks(Random random)
    {
        var stream = new StringBuilder();
        for (var chunks = random.Next(1, 8); chunks > 0; chunks--)
        {
            var call = $$"""{"index":{{Any(random, "0")}},"id":{{Any(random, "\"c\"")}},"type":{{Any(random, "\"function\"")}},"function":{"name":{{Any(random, "\"f\"")}},"arguments":{{Any(random, "\"{}\"")}} } }""";
            var delta = $$"""{"content":{{Any(random, "\"Hi\"")}},"reasoning_content":{{Any(random, "\"Hm\"")}},"tool_calls":{{(random.Next(3) == 0 ? $"[{call}]" : Any(random, "null"))}} }""";
            stream.Append($$"""data: {"id":{{Any(random, "\"a\"")}},"model":{{Any(random, "\"m\"")}},"choices":[{"index":{{Any(random, "0")}},"delta":{{delta}},"finish_reason":{{Any(random, "null")}} }],"usage":{{Any(random, "null")}} }""");
            stream.Append(random.Next(8) == 0 ? "\r\n\r\n" : "\n\n");
        }

        return random.Next(2) == 0 ? stream.ToString() : stream.Append("data: [DONE]\n\n").ToString();
    }

    private static string Any(Random random, string usual) => random.Next(5) > 0 ? usual : Json(random, depth: random.Next(4));

    private static string Json(Random random, int depth)
    {
        // Rarely as deep as no reader should follow.
        if (random.Next(200) == 0)
            return new string('[', 300) + (random.Next(2) == 0 ? new string(']', 300) : "");
        if (depth == 0 || random.Next(3) == 0)
            return Pick(random, Scalars);

        var items = Enumerable.Range(0, random.Next(4)).Select(_ => Json(random, depth - 1));
        return random.Next(2) == 0
            ? "[" + string.Join(',', items) + "]"
            : "{" + string.Join(',', items.Select(item => $"\"{Pick(random, Names)}\":{item}")) + "}";
    }

    private static (int Start, int End) Range(int length, Random random)
    {
        var (one, two) = (random.Next(length + 1), random.Next(length + 1));
        return (Math.Min(one, two), Math.Max(one, two));
    }

    private static string Pick(Random random, IReadOnlyList<string> from) => from[random.Next(from.Count)];
}
