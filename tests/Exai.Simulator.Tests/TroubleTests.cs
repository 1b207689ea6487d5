namespace Exai.Simulator.Tests;

public sealed class TroubleTests
{
    private static readonly SimulatorRule TenAndTen = new() { ReasoningTokens = 10, AnswerTokens = 10 };

    [Theory]
    [InlineData(SimulatorStage.ConnectAccepted)]
    [InlineData(SimulatorStage.Headers)]
    public async Task Hang_before_headers_sends_none_until_the_client_leaves(string stage)
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { HangAt = stage });
        using var leaving = new CancellationTokenSource();

        var asking = sim.SendAsync("kimi", Ask.Stream("kimi-k2.6"), leaving.Token);
        await sim.Log.WaitForCountAsync(1, sim.Patience);
        sim.Log.Requests[0].Outcome.ShouldBe("running");
        sim.Log.Requests[0].Status.ShouldBe(0);
        await leaving.CancelAsync();

        await sim.Log.WaitForOutcomeAsync(1, "client_gone", sim.Patience);
        await Should.ThrowAsync<OperationCanceledException>(() => asking);
    }

    [Theory]
    [InlineData(SimulatorStage.FirstToken, null, 0)]
    [InlineData(SimulatorStage.Reasoning, null, 5)]
    [InlineData(SimulatorStage.Reasoning, 2, 2)]
    [InlineData(SimulatorStage.Answer, null, 15)]
    [InlineData(SimulatorStage.Answer, 3, 13)]
    [InlineData(SimulatorStage.Finish, null, 20)]
    [InlineData(null, 7, 7)]
    public async Task Hang_after_headers_stops_at_its_token_until_the_client_leaves(string? stage, int? after, int tokens)
    {
        await using var sim = await SimulatorHarness.StartAsync(TenAndTen with { HangAt = stage, HangAfterTokens = after });

        var response = await sim.SendAsync("glm", Ask.Stream("glm-5.2"));
        await sim.Log.WaitForTokensAsync(1, tokens, sim.Patience);
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync(sim.Patience));
        for (var token = 0; token < tokens; token++)
        {
            (await reader.ReadLineAsync(sim.Patience))!.ShouldStartWith("data: {");
            await reader.ReadLineAsync(sim.Patience);
        }

        sim.Log.Requests[0].Outcome.ShouldBe("running");
        response.Dispose();

        await sim.Log.WaitForOutcomeAsync(1, "client_gone", sim.Patience);
        sim.Log.Requests[0].TokensSent.ShouldBe(tokens);
    }

    [Theory]
    [InlineData(SimulatorStage.ConnectAccepted)]
    [InlineData(SimulatorStage.Headers)]
    public async Task Drop_before_headers_breaks_the_request(string stage)
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { DropAt = stage });

        await Should.ThrowAsync<HttpRequestException>(() => sim.SendAsync("glm", Ask.Stream("glm-5.2")));

        await sim.Log.WaitForOutcomeAsync(1, "dropped", sim.Patience);
    }

    [Theory]
    [InlineData(SimulatorStage.FirstToken, null, 0)]
    [InlineData(SimulatorStage.Reasoning, null, 5)]
    [InlineData(SimulatorStage.Answer, null, 15)]
    [InlineData(SimulatorStage.Finish, null, 20)]
    [InlineData(null, 7, 7)]
    [InlineData(null, 700, 20)]
    public async Task Drop_after_headers_delivers_what_was_written_and_no_end(string? stage, int? after, int tokens)
    {
        await using var sim = await SimulatorHarness.StartAsync(TenAndTen with { DropAt = stage, DropAfterTokens = after });

        var (lines, broken) = await sim.LinesAsync("glm", Ask.Stream("glm-5.2"));

        broken.ShouldBeTrue();
        lines.Count.ShouldBe(tokens);
        sim.Log.Requests[0].Outcome.ShouldBe("dropped");
    }

    [Fact]
    public async Task Drop_of_a_whole_answer_breaks_the_request()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { DropAt = SimulatorStage.Answer });

        await Should.ThrowAsync<HttpRequestException>(() => sim.SendAsync("kimi", Ask.Whole("kimi-k2.6")));
    }

    [Fact]
    public async Task Reasoning_stage_on_a_model_that_does_not_think_reasons_for_the_occasion()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { DropAt = SimulatorStage.Reasoning });

        var (lines, _) = await sim.LinesAsync("glm", Ask.Stream("glm-4.6"));

        lines.Count.ShouldBe(SimulatorServer.DefaultReasoningTokens / 2);
        lines.ShouldAllBe(line => line.Contains("reasoning_content"));
    }

    [Fact]
    public async Task Client_that_leaves_between_paced_tokens_is_logged_as_gone()
    {
        var time = new ManualTime();
        await using var sim = await SimulatorHarness.StartAsync(time, new SimulatorRule { TokensPerSecond = 1, AnswerTokens = 10, ReasoningTokens = 0 });

        var response = await sim.SendAsync("glm", Ask.Stream("glm-5.2"));
        await time.WaitForTimersAsync(1, sim.Patience);
        sim.Log.Requests[0].TokensSent.ShouldBe(1);
        response.Dispose();

        await sim.Log.WaitForOutcomeAsync(1, "client_gone", sim.Patience);
    }

    [Fact]
    public async Task Server_that_ends_drops_the_requests_under_way()
    {
        var sim = await SimulatorHarness.StartAsync(new SimulatorRule { HangAt = SimulatorStage.Headers });
        var asking = sim.SendAsync("glm", Ask.Stream("glm-5.2"));
        await sim.Log.WaitForCountAsync(1, sim.Patience);

        await sim.Server.DisposeAsync();

        await Should.ThrowAsync<HttpRequestException>(() => asking);
        sim.Log.Requests[0].Outcome.ShouldBe("dropped");
        await sim.DisposeAsync();
    }

    [Fact]
    public async Task Accepted_connection_that_hangs_leaves_the_body_unread_only_if_no_rule_needs_it()
    {
        var hang = new SimulatorRule { HangAt = SimulatorStage.ConnectAccepted, Times = 1 };
        await using var sim = await SimulatorHarness.StartAsync(hang, hang with { Model = "glm-5.2" });
        using var leaving = new CancellationTokenSource();

        var first = sim.SendAsync("glm", Ask.Stream("glm-5.2"), leaving.Token);
        await sim.Log.WaitForCountAsync(1, sim.Patience);
        var second = sim.SendAsync("glm", Ask.Stream("glm-5.2"), leaving.Token);
        await sim.Log.WaitForCountAsync(2, sim.Patience);

        sim.Log.Requests.Select(request => request.Model).ShouldBe(["", "glm-5.2"]);
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => Task.WhenAll(first, second));
    }
}
