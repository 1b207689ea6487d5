namespace Exai.Simulator.Tests;

public sealed class PaceTests
{
    [Fact]
    public async Task Headers_first_token_and_pace_follow_the_clock()
    {
        var time = new ManualTime();
        await using var sim = await SimulatorHarness.StartAsync(
            time, new SimulatorRule { HeadersMs = 500, FirstTokenMs = 2000, TokensPerSecond = 4, Answer = "twelve chars", ReasoningTokens = 0 });

        var asking = sim.SendAsync("glm", Ask.Stream("glm-5.2"));
        await time.WaitForTimersAsync(1, sim.Patience);
        sim.Log.Requests[0].Status.ShouldBe(0);

        time.Advance(TimeSpan.FromMilliseconds(500));
        using var response = await asking;
        await time.WaitForTimersAsync(1, sim.Patience);
        sim.Log.Requests[0].Status.ShouldBe(200);
        sim.Log.Requests[0].TokensSent.ShouldBe(0);

        time.Advance(TimeSpan.FromMilliseconds(1500));
        for (var token = 1; token < 3; token++)
        {
            await sim.Log.WaitForTokensAsync(1, token, sim.Patience);
            await time.WaitForTimersAsync(1, sim.Patience);
            sim.Log.Requests[0].TokensSent.ShouldBe(token);
            time.Advance(TimeSpan.FromMilliseconds(250));
        }

        (await response.Content.ReadAsStringAsync(sim.Patience)).ShouldEndWith("data: [DONE]\n\n");
        sim.Log.Requests[0].Outcome.ShouldBe("completed");
    }

    [Fact]
    public async Task Keep_alive_comments_fill_the_silence_before_the_first_token()
    {
        var time = new ManualTime();
        await using var sim = await SimulatorHarness.StartAsync(
            time, new SimulatorRule { FirstTokenMs = 250, KeepAliveCommentEveryMs = 100, Answer = "Hi", ReasoningTokens = 0 });

        using var response = await sim.SendAsync("glm", Ask.Stream("glm-5.2"));
        var body = response.Content.ReadAsStringAsync(sim.Patience);
        foreach (var step in (int[])[100, 100, 50])
        {
            await time.WaitForTimersAsync(1, sim.Patience);
            time.Advance(TimeSpan.FromMilliseconds(step));
        }

        (await body).ShouldStartWith(": keep-alive\n\n: keep-alive\n\ndata: {");
    }

    [Fact]
    public async Task Keep_alive_comments_go_on_through_a_hang()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { HangAt = SimulatorStage.FirstToken, KeepAliveCommentEveryMs = 1 });

        using var response = await sim.SendAsync("glm", Ask.Stream("glm-5.2"));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(sim.Patience));

        for (var line = 0; line < 3; line++)
        {
            (await reader.ReadLineAsync(sim.Patience)).ShouldBe(": keep-alive");
            await reader.ReadLineAsync(sim.Patience);
        }
    }

    [Fact]
    public async Task Keep_alive_of_a_whole_answer_is_a_blank_line_before_the_json()
    {
        var time = new ManualTime();
        await using var sim = await SimulatorHarness.StartAsync(time, new SimulatorRule { FirstTokenMs = 150, KeepAliveCommentEveryMs = 100 });

        var asking = sim.BodyAsync("kimi", Ask.Whole("kimi-k2.6"));
        foreach (var step in (int[])[100, 50])
        {
            await time.WaitForTimersAsync(1, sim.Patience);
            time.Advance(TimeSpan.FromMilliseconds(step));
        }

        (await asking).ShouldStartWith("\n{\"id\":");
    }

    [Fact]
    public async Task Remainder_below_a_millisecond_does_not_spin()
    {
        var time = new ManualTime();
        await using var sim = await SimulatorHarness.StartAsync(time, new SimulatorRule { HeadersMs = 0.25 });

        var asking = sim.SendAsync("glm", Ask.Stream("glm-5.2"));
        await time.WaitForTimersAsync(1, sim.Patience);
        time.Advance(TimeSpan.FromMilliseconds(1));

        (await asking).IsSuccessStatusCode.ShouldBeTrue();
    }
}
