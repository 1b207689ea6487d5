namespace Exai.Simulator.Tests;

public sealed class ScriptedErrorTests
{
    [Theory]
    [InlineData("glm", "glm-5.2", 429, """{"error":{"code":"1302","message":"m"}}""")]
    [InlineData("kimi", "kimi-k2.6", 429, """{"error":{"message":"m","type":"rate_limit_reached_error"}}""")]
    [InlineData("kimi", "kimi-k2.6", 503, """{"error":{"message":"m","type":"server_unavailable"}}""")]
    [InlineData("openai", "sim-small", 500, """{"error":{"message":"m","type":"server_error","param":null,"code":null}}""")]
    public async Task Status_alone_brings_the_dialects_usual_code(string dialect, string model, int status, string body)
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { Status = status, ErrorMessage = "m" });

        using var response = await sim.SendAsync(dialect, Ask.Stream(model));

        ((int)response.StatusCode).ShouldBe(status);
        (await response.Content.ReadAsStringAsync(sim.Patience)).ShouldBe(body);
        sim.Log.Requests[0].Status.ShouldBe(status);
        sim.Log.Requests[0].Outcome.ShouldBe("error");
    }

    [Theory]
    [InlineData("1308", """{"error":{"code":"1308","message":"m"}}""")]
    [InlineData("", """{"error":{"message":"m"}}""")]
    public async Task Error_code_of_the_rule_is_sent_or_left_out(string code, string body)
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { Status = 429, ErrorCode = code, ErrorMessage = "m" });

        (await sim.BodyAsync("glm", Ask.Stream("glm-5.2"))).ShouldBe(body);
    }

    [Fact]
    public async Task Retry_after_in_whole_seconds_goes_out_twice_on_kimi()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { Status = 429, RetryAfterSecs = 2 });

        using var response = await sim.SendAsync("kimi", Ask.Stream("kimi-k2.6"));

        response.Headers.GetValues("Retry-After").ShouldBe(["2"]);
        response.Headers.GetValues("x-retry-after").ShouldBe(["2"]);
    }

    [Fact]
    public async Task Retry_after_with_a_fraction_goes_out_in_milliseconds()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { Status = 429, RetryAfterSecs = 0.05 });

        using var response = await sim.SendAsync("glm", Ask.Stream("glm-5.2"));

        response.Headers.GetValues("retry-after-ms").ShouldBe(["50"]);
        response.Headers.Contains("Retry-After").ShouldBeFalse();
    }

    [Theory]
    [InlineData(null, 504)]
    [InlineData(502, 502)]
    public async Task Html_error_is_a_gateway_page(int? status, int expected)
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { HtmlError = true, Status = status });

        using var response = await sim.SendAsync("kimi", Ask.Stream("kimi-k2.6"));

        ((int)response.StatusCode).ShouldBe(expected);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        (await response.Content.ReadAsStringAsync(sim.Patience)).ShouldStartWith("<html>");
    }
}
