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

    [Theory]
    [InlineData("glm", "glm-5.2", "1308", false, 429, """{"error":{"code":"1308","message":"Usage limit reached for 5 hour. Your limit will reset at 2026-09-01 12:15:00"}}""")]
    [InlineData("glm", "glm-5.2", "1308", true, 429, """{"error":{"code":"1308","message":"已达到 5 小时的使用上限。您的限额将在 2026-09-01 12:15:00 重置。"}}""")]
    [InlineData("glm", "glm-5.2", "1113", true, 429, """{"error":{"code":"1113","message":"余额不足或无可用资源包,请充值。"}}""")]
    [InlineData("kimi", "kimi-k2.6", "exceeded_current_quota_error", false, 429, null)]
    [InlineData("kimi", "kimi-k2.6", "content_filter", true, 400, null)]
    public async Task Code_of_the_vendors_list_refuses_by_itself(string dialect, string model, string code, bool chinese, int status, string? body)
    {
        await using var sim = await SimulatorHarness.StartAsync(new ManualTime(), new SimulatorRule { ErrorCode = code, ChineseErrors = chinese });

        using var response = await sim.SendAsync(dialect, Ask.Stream(model));

        ((int)response.StatusCode).ShouldBe(status);
        var text = await response.Content.ReadAsStringAsync(sim.Patience);
        text.ShouldContain(code);
        if (body is not null)
            text.ShouldBe(body);
    }

    [Fact]
    public async Task Code_of_another_vendors_list_refuses_nobody()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { ErrorCode = "1113" });

        using var response = await sim.SendAsync("kimi", Ask.Stream("kimi-k2.6"));

        ((int)response.StatusCode).ShouldBe(200);
    }

    [Fact]
    public async Task Chinese_message_of_a_status_is_the_usual_codes()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { Status = 429, ChineseErrors = true });

        (await sim.BodyAsync("glm", Ask.Stream("glm-5.2"))).ShouldContain("并发数过高");
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
