using System.Net.Http.Headers;

namespace Exai.Simulator.Tests;

public sealed class RefusalTests
{
    [Theory]
    [InlineData("glm", "glm-5.2", """{"error":{"code":"1000","message":"Authentication Failed"}}""")]
    [InlineData("kimi", "kimi-k2.6", """{"error":{"message":"Invalid Authentication","type":"invalid_authentication_error"}}""")]
    [InlineData("openai", "sim-small", """{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}""")]
    public async Task Wrong_key_gets_the_dialects_401(string dialect, string model, string body)
    {
        await using var sim = await SimulatorHarness.StartAsync();
        sim.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "wrong-key");

        using var response = await sim.SendAsync(dialect, Ask.Stream(model));

        ((int)response.StatusCode).ShouldBe(401);
        (await response.Content.ReadAsStringAsync(sim.Patience)).ShouldBe(body);
        sim.Log.Requests[0].Authorized.ShouldBeFalse();
        sim.Log.Requests[0].Authorization.ShouldBe("Bearer wrong-key");
        sim.Log.Requests[0].Outcome.ShouldBe("error");
    }

    [Theory]
    [InlineData("glm", """{"error":{"code":"1001","message":"Authentication parameter not received in Header, unable to authenticate"}}""")]
    [InlineData("kimi", """{"error":{"message":"Incorrect API key provided","type":"incorrect_api_key_error"}}""")]
    public async Task Missing_key_gets_the_dialects_401_on_every_endpoint(string dialect, string body)
    {
        await using var sim = await SimulatorHarness.StartAsync();
        sim.Client.DefaultRequestHeaders.Authorization = null;

        (await sim.BodyAsync(dialect, Ask.Stream("any"))).ShouldBe(body);
        (await sim.GetAsync(new Uri(sim.Base(dialect) + "/models"))).ShouldBe((401, body));
        sim.Log.Requests[0].Authorization.ShouldBeNull();
    }

    [Theory]
    [InlineData("glm", 400, "code", "1211")]
    [InlineData("kimi", 404, "type", "resource_not_found_error")]
    [InlineData("openai", 404, "code", "model_not_found")]
    public async Task Unknown_model_is_refused_in_the_dialects_words(string dialect, int status, string member, string code)
    {
        await using var sim = await SimulatorHarness.StartAsync();

        var (answered, json) = await sim.JsonAsync(dialect, Ask.Stream("no-such-model"));

        answered.ShouldBe(status);
        json.GetProperty("error").GetProperty(member).GetString().ShouldBe(code);
    }

    [Theory]
    [InlineData("kimi-k3", 0.3, 400)]
    [InlineData("kimi-k3", 1.0, 200)]
    [InlineData("kimi-k2.6", 0.6, 400)]
    [InlineData("moonshot-v1-8k", 0.3, 200)]
    public async Task Kimi_temperature_is_refused_where_the_model_fixes_it(string model, double temperature, int status)
    {
        await using var sim = await SimulatorHarness.StartAsync();

        var (answered, json) = await sim.JsonAsync("kimi", Ask.Whole(model, extra: new { temperature }));

        answered.ShouldBe(status);
        if (status == 400)
            json.GetProperty("error").GetProperty("message").GetString().ShouldBe("invalid temperature: only 1 is allowed for this model");
    }

    [Fact]
    public async Task Kimi_image_link_is_refused_and_image_data_is_taken()
    {
        await using var sim = await SimulatorHarness.StartAsync();

        (await StatusAsync(sim, Image("https://example.com/a.png"))).ShouldBe((400, "Invalid request: unsupported image url: https://example.com/a.png"));
        (await StatusAsync(sim, Image("data:image/png;base64,AAAA"))).Status.ShouldBe(200);
        (await StatusAsync(sim, Image("ms://file-1"))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Kimi_tool_turn_without_reasoning_is_refused_and_empty_reasoning_is_taken()
    {
        await using var sim = await SimulatorHarness.StartAsync();
        object Turn(object assistant) => new object[] { new { role = "user", content = "Hi" }, assistant, new { role = "tool", tool_call_id = "a:0", content = "1" } };
        var calls = new[] { new { id = "a:0", type = "function", function = new { name = "a", arguments = "{}" } } };

        (await StatusAsync(sim, Turn(new { role = "assistant", tool_calls = calls }))).Message
            .ShouldBe("thinking is enabled but reasoning_content is missing in assistant tool call message at index 1");
        (await StatusAsync(sim, Turn(new { role = "assistant", reasoning_content = "", tool_calls = calls }))).Status.ShouldBe(200);
        (await StatusAsync(sim, Turn(new { role = "assistant", content = "", reasoning_content = "", tool_calls = calls }))).Message
            .ShouldBe("Invalid request: text content is empty");
        (await StatusAsync(sim, Turn(new { role = "assistant", content = "" }))).Message
            .ShouldBe("Invalid request: message at position 1 with role 'assistant' must not be empty");
    }

    [Fact]
    public async Task Body_that_is_not_json_is_refused()
    {
        await using var sim = await SimulatorHarness.StartAsync();

        (await sim.JsonAsync("glm", "{\"model\":")).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Refused_request_uses_up_no_rule()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { Answer = "once", Times = 1 });

        await sim.JsonAsync("glm", Ask.Whole("no-such-model"));

        (await sim.BodyAsync("glm", Ask.Whole("glm-5.2"))).ShouldContain("\"content\":\"once\"");
    }

    private static object Image(string url) =>
        new[] { new { role = "user", content = new object[] { new { type = "text", text = "What is this?" }, new { type = "image_url", image_url = new { url } } } } };

    private static async Task<(int Status, string? Message)> StatusAsync(SimulatorHarness sim, object messages)
    {
        var (status, json) = await sim.JsonAsync("kimi", Ask.Whole("kimi-k2.6", extra: new { messages }));
        return (status, status == 200 ? null : json.GetProperty("error").GetProperty("message").GetString());
    }
}
