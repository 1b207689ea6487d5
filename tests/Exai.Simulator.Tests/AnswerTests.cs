using System.Text.Json;

namespace Exai.Simulator.Tests;

public sealed class AnswerTests
{
    [Fact]
    public async Task Default_answer_echoes_the_prompt_and_counts_earlier_messages()
    {
        await using var sim = await SimulatorHarness.StartAsync();
        object[] messages =
        [
            new { role = "system", content = "Be short." },
            new { role = "user", content = "First" },
            new { role = "assistant", content = "Yes" },
            new { role = "user", content = new object[] { new { type = "text", text = "Second?" } } },
        ];

        var (_, json) = await sim.JsonAsync("glm", Ask.Body("glm-4.6", messages, stream: false));

        Content(json).ShouldBe("Simulated answer to: \"Second?\". I see 2 earlier messages.");
        json.GetProperty("usage").GetProperty("prompt_tokens").GetInt32().ShouldBe(3 + 2 + 1 + 2);
    }

    [Fact]
    public async Task Default_answer_echoes_at_most_200_characters_and_cuts_no_pair()
    {
        await using var sim = await SimulatorHarness.StartAsync();

        var (_, json) = await sim.JsonAsync("glm", Ask.Whole("glm-4.6", new string('a', 199) + "🚀"));

        Content(json).ShouldBe($"Simulated answer to: \"{new string('a', 199)}\". I see 0 earlier messages.");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(150)]
    public async Task Answer_tokens_set_the_exact_length(int tokens)
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { AnswerTokens = tokens });

        var (_, json) = await sim.JsonAsync("glm", Ask.Whole("glm-4.6"));

        json.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(tokens);
        sim.Log.Requests[0].TokensSent.ShouldBe(tokens);
    }

    [Theory]
    [InlineData("plain", true)]
    [InlineData("größer", false)]
    public async Task Filler_is_beyond_ascii_exactly_when_the_prompt_is(string prompt, bool ascii)
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { AnswerTokens = 100 });

        var (_, json) = await sim.JsonAsync("glm", Ask.Whole("glm-4.6", prompt));

        Content(json)[60..].All(char.IsAscii).ShouldBe(ascii);
    }

    [Theory]
    [InlineData("glm", "glm-5.2", null, true)]
    [InlineData("glm", "glm-5.2", "disabled", false)]
    [InlineData("glm", "glm-4.6", null, false)]
    [InlineData("glm", "glm-4.6", "enabled", true)]
    [InlineData("glm", "glm-5.3", "disabled", true)]
    [InlineData("kimi", "kimi-k2.6", null, true)]
    [InlineData("kimi", "kimi-k3", "disabled", false)]
    [InlineData("kimi", "moonshot-v1-8k", null, false)]
    [InlineData("openai", "sim-small", null, false)]
    public async Task Model_reasons_as_the_vendor_says(string dialect, string model, string? thinking, bool reasons)
    {
        await using var sim = await SimulatorHarness.StartAsync();

        var (_, json) = await sim.JsonAsync(dialect, Ask.Whole(model, extra: thinking is null ? null : new { thinking = new { type = thinking } }));

        var tokens = json.GetProperty("usage").GetProperty("completion_tokens_details").GetProperty("reasoning_tokens").GetInt32();
        tokens.ShouldBe(reasons ? SimulatorServer.DefaultReasoningTokens : 0);
    }

    [Theory]
    [InlineData("max_tokens", 15, 15)]
    [InlineData("max_completion_tokens", 5, 5)]
    public async Task Token_limit_cuts_reasoning_first_and_says_length(string member, int limit, int completion)
    {
        await using var sim = await SimulatorHarness.StartAsync();
        object extra = member == "max_tokens" ? new { max_tokens = limit } : new { max_completion_tokens = limit };

        var (_, json) = await sim.JsonAsync("kimi", Ask.Whole("kimi-k3", extra: extra));

        json.GetProperty("choices")[0].GetProperty("finish_reason").GetString().ShouldBe("length");
        json.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(completion);
        Content(json).Length.ShouldBe(Math.Max(0, limit - SimulatorServer.DefaultReasoningTokens) * 4);
    }

    [Fact]
    public async Task Long_history_is_reported_as_cached()
    {
        await using var sim = await SimulatorHarness.StartAsync();
        object[] messages = [new { role = "system", content = new string('s', 4000) }, new { role = "user", content = "Hi" }];

        var (_, json) = await sim.JsonAsync("kimi", Ask.Body("kimi-k3", messages, stream: false));

        json.GetProperty("usage").GetProperty("cached_tokens").GetInt32().ShouldBe(1000);
    }

    private static string Content(JsonElement json) =>
        json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
}
