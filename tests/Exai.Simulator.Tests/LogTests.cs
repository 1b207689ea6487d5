namespace Exai.Simulator.Tests;

public sealed class LogTests
{
    [Fact]
    public async Task Request_is_recorded_as_it_came_in()
    {
        var time = new ManualTime();
        await using var sim = await SimulatorHarness.StartAsync(time);
        var body = Ask.Stream("glm-5.2", "Hi", new { request_id = "abcdef" });

        await sim.BodyAsync("glm", body);

        var request = sim.Log.Requests.ShouldHaveSingleItem();
        request.Number.ShouldBe(1);
        request.Dialect.ShouldBe("glm");
        request.Method.ShouldBe("POST");
        request.Path.ShouldBe("/api/paas/v4/chat/completions");
        request.Model.ShouldBe("glm-5.2");
        request.Body.GetRawText().ShouldBe(body);
        request.Authorization.ShouldBe("Bearer good-key");
        request.Authorized.ShouldBeTrue();
        request.Stream.ShouldBeTrue();
        request.At.ShouldBe(time.GetUtcNow());
        request.Outcome.ShouldBe("completed");
        request.EndedAt.ShouldBe(time.GetUtcNow());
    }

    [Fact]
    public async Task Wait_ends_when_the_last_of_parallel_requests_came_in()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { HangAt = SimulatorStage.Headers });
        var waiting = sim.Log.WaitForCountAsync(3, sim.Patience);

        using var leaving = new CancellationTokenSource();
        var asking = Enumerable.Range(0, 3).Select(_ => sim.SendAsync("glm", Ask.Stream("glm-5.2"), leaving.Token)).ToArray();

        await waiting;
        sim.Log.Requests.Select(request => request.Number).ShouldBe([1, 2, 3]);
        sim.Log.Requests.ShouldAllBe(request => request.EndedAt == null);
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => Task.WhenAll(asking));
    }

    [Fact]
    public async Task Wait_ends_with_its_token()
    {
        await using var sim = await SimulatorHarness.StartAsync();
        using var leaving = new CancellationTokenSource();
        var waiting = sim.Log.WaitForCountAsync(1, leaving.Token);

        await leaving.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
    }
}
