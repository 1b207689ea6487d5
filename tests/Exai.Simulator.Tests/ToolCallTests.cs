namespace Exai.Simulator.Tests;

public sealed class ToolCallTests
{
    private static readonly SimulatorRule Call = new() { ToolCall = "get_time", ToolArguments = "{\"tz\":\"UTC\"}", ReasoningTokens = 0 };

    [Fact]
    public async Task Glm_call_comes_in_one_delta()
    {
        await using var sim = await SimulatorHarness.StartAsync(Call);

        var (lines, _) = await sim.LinesAsync("glm", Ask.Stream("glm-5.2"));

        lines.Count.ShouldBe(3);
        lines[0].ShouldEndWith(
            """[{"index":0,"delta":{"role":"assistant","tool_calls":[{"id":"call_1","index":0,"type":"function","function":{"name":"get_time","arguments":"{\"tz\":\"UTC\"}"}}]}}]}""");
        lines[1].ShouldContain("\"finish_reason\":\"tool_calls\"");
    }

    [Fact]
    public async Task Kimi_call_comes_as_name_and_then_arguments()
    {
        await using var sim = await SimulatorHarness.StartAsync(Call);

        var (lines, _) = await sim.LinesAsync("kimi", Ask.Stream("kimi-k2.6"));

        lines[1].ShouldEndWith("""[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"get_time:0","type":"function","function":{"name":"get_time","arguments":""}}]},"finish_reason":null}]}""");
        lines[2].ShouldEndWith("""[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"tz\":\"UTC\"}"}}]},"finish_reason":null}]}""");
        lines[3].ShouldContain("\"finish_reason\":\"tool_calls\"");
    }

    [Fact]
    public async Task Call_ends_when_the_request_brings_its_result()
    {
        await using var sim = await SimulatorHarness.StartAsync(Call);
        var calls = new[] { new { id = "get_time:0", type = "function", function = new { name = "get_time", arguments = "{}" } } };
        object[] messages =
        [
            new { role = "user", content = "When?" },
            new { role = "assistant", reasoning_content = "", tool_calls = calls },
            new { role = "tool", tool_call_id = "get_time:0", content = "12:00" },
        ];

        var (_, json) = await sim.JsonAsync("kimi", Ask.Body("kimi-k2.6", messages, stream: false));

        json.GetProperty("choices")[0].GetProperty("finish_reason").GetString().ShouldBe("stop");
        json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString().ShouldStartWith("Simulated answer to: \"When?\"");
    }

    [Theory]
    [InlineData("disabled", "tool_calls")]
    [InlineData("enabled", "stop")]
    public async Task Kimi_built_in_search_is_called_with_thinking_off(string thinking, string finish)
    {
        await using var sim = await SimulatorHarness.StartAsync();
        var tools = new[] { new { type = "builtin_function", function = new { name = "$web_search" } } };

        var (_, json) = await sim.JsonAsync("kimi", Ask.Whole("kimi-k2.6", extra: new { tools, thinking = new { type = thinking } }));

        var choice = json.GetProperty("choices")[0];
        choice.GetProperty("finish_reason").GetString().ShouldBe(finish);
        if (finish == "tool_calls")
            choice.GetProperty("message").GetProperty("tool_calls")[0].GetProperty("function").GetProperty("name").GetString().ShouldBe("$web_search");
    }
}
