namespace Exai.Core.Tests.Providers;

/// <summary>Streams as the dialects write them, for tests that cut and break them.</summary>
internal static class StreamSamples
{
    public static readonly string Glm = Wire.Events(
        """{"id":"20260901101500ab","created":1788200000,"model":"glm-4.5v","choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":"思考 🤔"}}]}""",
        """{"id":"20260901101500ab","choices":[{"index":0,"delta":{"role":"assistant","content":"\n"}}]}""",
        """{"id":"20260901101500ab","choices":[{"index":0,"delta":{"role":"assistant","content":"<|begin_of_box|>答案 😀 \ud83d\ude00<|end_"}}]}""",
        """{"id":"20260901101500ab","choices":[{"index":0,"delta":{"role":"assistant","content":"of_box|> <tool_call>"}}],"web_search":[{"title":"A","link":"https://a","refer":"ref_1"}]}""",
        """{"id":"20260901101500ab","choices":[{"index":0,"finish_reason":"stop","delta":{"role":"assistant","content":""}}],"usage":{"prompt_tokens":40,"completion_tokens":12,"prompt_tokens_details":{"cached_tokens":8}}}""",
        "[DONE]");

    public static readonly string GlmCalls = Wire.Events(
        """{"id":"20260901101500cd","choices":[{"delta":{"role":"assistant","content":null,"reasoning_content":""}}]}""",
        """{"id":"20260901101500cd","choices":[{"delta":{"tool_calls":[{"id":"call_7","index":0,"type":"function","function":{"name":"get_time","arguments":"{\"tz\":\"U"}}]}}]}""",
        """{"id":"20260901101500cd","choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"TC\"}"}},{"index":1,"id":"call_8","function":{"name":"b","arguments":{}}}]},"finish_reason":"tool_calls"}]}""",
        """{"id":"20260901101500cd","choices":[{"finish_reason":"tool_calls","delta":{"content":""}}],"usage":{"prompt_tokens":4,"completion_tokens":2}}""",
        "[DONE]");

    public static readonly string Kimi = """
        data:{"id":"chatcmpl-9f","object":"chat.completion.chunk","model":"kimi-k2.6","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

        data:{"id":"chatcmpl-9f","choices":[{"index":0,"delta":{"reasoning_content":"Look"},"finish_reason":null}]}

        data:{"id":"chatcmpl-9f","choices":[{"index":0,"delta":{"content":"<think>Hm</thi"},"finish_reason":null}]}

        data:{"id":"chatcmpl-9f","choices":[{"index":0,"delta":{"content":"nk>\n\nHere","reasoning_content":null},"finish_reason":null}]}

        data:{"id":"chatcmpl-9f","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t:0","type":"builtin_function","function":{"name":"$web_search","arguments":"{\"a\":\"\\u4f60\"}"}}]},"finish_reason":null}]}

        data:{"id":"chatcmpl-9f","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls","usage":{"prompt_tokens":30,"completion_tokens":21,"cached_tokens":16}}]}

        data:{"choices":[],"usage":{"prompt_tokens":30,"completion_tokens":21,"total_tokens":51}}

        data:[DONE]


        """;

    public static readonly string Generic =
        ": OPENROUTER PROCESSING\n\n"
        + Wire.Events("""{"id":"gen-1","choices":[{"index":0,"delta":{"reasoning":"Hm","reasoning_details":[{"text":"Hm"}]}}]}""", "{broken")
        + "event: message\nid: 7\nretry: 10\ndata: {\"id\":\"gen-1\",\"choices\":[{\"delta\":{\"content\":\ndata: [{\"type\":\"text\",\"text\":\"Hello — ende\"}]}}]}\n\n"
        + Wire.Events("""{"id":"gen-1","choices":[{"message":{"content":"!"},"finish_reason":"stop"}]}""", """{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"cost":0.1}}""");

    public static readonly string Spliced =
        Wire.Events("""{"id":"chatcmpl-1","choices":[{"delta":{"content":"The capital"}}]}""")
        + "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"del" + Wire.Events(
            """{"id":"chatcmpl-2","choices":[{"delta":{"content":"Paris"}}]}""",
            """{"id":"chatcmpl-2","choices":[{"delta":{"content":" is it","content":"data: {\"id\":\"chatcmpl-3\",\"choices\":[]}"},"finish_reason":"stop"}]}""");

    public static readonly string Failing =
        Wire.Events("""{"id":"gen-2","choices":[{"delta":{"content":"Some"}}]}""", """{"id":"gen-2","error":{"code":502,"message":"upstream lost"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}""")
        + "event: error\ndata: {\"error\":{\"message\":\"context too small\"}}\n\n";

    public static readonly string Body =
        """{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","reasoning_content":"Hm","content":"Hello","tool_calls":[{"id":"a","function":{"name":"one","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}""";

    public static readonly IReadOnlyList<string> All = [Glm, GlmCalls, Kimi, Generic, Spliced, Failing, Body];
}
