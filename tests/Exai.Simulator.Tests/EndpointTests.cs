using System.Text;
using System.Text.Json;

namespace Exai.Simulator.Tests;

public sealed class EndpointTests
{
    [Theory]
    [InlineData("glm", "glm-5.2")]
    [InlineData("kimi", "kimi-k2.6")]
    [InlineData("openai", "sim-small")]
    public async Task Models_lists_the_dialects_ids(string dialect, string id)
    {
        await using var sim = await SimulatorHarness.StartAsync();

        var (status, text) = await sim.GetAsync(new Uri(sim.Base(dialect) + "/models"));

        status.ShouldBe(200);
        Json(text).GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()).ShouldContain(id);
        sim.Log.Count.ShouldBe(1);
        sim.Log.Chats.ShouldBeEmpty();
    }

    [Fact]
    public async Task Kimi_models_tell_context_and_thinking()
    {
        await using var sim = await SimulatorHarness.StartAsync();

        var k3 = Json((await sim.GetAsync(new Uri(sim.Server.KimiBaseUrl + "/models"))).Text).GetProperty("data")[0];

        k3.GetProperty("context_length").GetInt32().ShouldBe(1048576);
        k3.GetProperty("supports_thinking_type").GetString().ShouldBe("both");
        k3.GetProperty("think_efforts").GetProperty("default_effort").GetString().ShouldBe("max");
    }

    [Fact]
    public async Task Balance_is_kimis_alone()
    {
        await using var sim = await SimulatorHarness.StartAsync();

        var (status, text) = await sim.GetAsync(new Uri(sim.Server.KimiBaseUrl + "/users/me/balance"));

        status.ShouldBe(200);
        text.ShouldBe("""{"code":0,"data":{"available_balance":49.58,"voucher_balance":46.58,"cash_balance":3},"scode":"0x0","status":true}""");
        (await sim.GetAsync(new Uri(sim.Server.GlmBaseUrl + "/users/me/balance"))).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Base_urls_name_loopback_and_the_port()
    {
        await using var sim = await SimulatorHarness.StartAsync();

        sim.Server.GlmBaseUrl.ToString().ShouldBe($"http://127.0.0.1:{sim.Server.Port}/api/paas/v4");
        sim.Server.KimiBaseUrl.ToString().ShouldBe($"http://127.0.0.1:{sim.Server.Port}/v1");
        sim.Server.OpenAiBaseUrl.ToString().ShouldBe($"http://127.0.0.1:{sim.Server.Port}/openai/v1");
    }

    [Fact]
    public async Task Path_outside_the_bases_is_not_found_and_not_logged()
    {
        await using var sim = await SimulatorHarness.StartAsync();

        (await sim.GetAsync(new Uri($"http://127.0.0.1:{sim.Server.Port}/v2/models"))).Status.ShouldBe(404);
        sim.Log.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Control_replaces_the_script_for_other_processes()
    {
        await using var sim = await SimulatorHarness.StartAsync();
        var control = new Uri($"http://127.0.0.1:{sim.Server.Port}/sim/script");

        using var taken = await sim.Client.PutAsync(control, new StringContent("""{"rules":[{"answer":"put"}]}""", Encoding.UTF8), sim.Patience);

        (await taken.Content.ReadAsStringAsync(sim.Patience)).ShouldBe("""{"rules":1}""");
        (await sim.BodyAsync("glm", Ask.Whole("glm-4.6"))).ShouldContain("\"content\":\"put\"");
        (await sim.GetAsync(control)).Text.ShouldBe("""{"rules":[{"answer":"put"}]}""");
    }

    [Fact]
    public async Task Control_refuses_a_wrong_script_and_keeps_the_old_one()
    {
        await using var sim = await SimulatorHarness.StartAsync(new SimulatorRule { Answer = "old" });

        using var refused = await sim.Client.PutAsync(
            new Uri($"http://127.0.0.1:{sim.Server.Port}/sim/script"), new StringContent("""{"rules":[{"times":0}]}"""), sim.Patience);

        ((int)refused.StatusCode).ShouldBe(400);
        (await refused.Content.ReadAsStringAsync(sim.Patience)).ShouldContain("rules[0].times is 0");
        sim.Server.Script.Rules[0].Answer.ShouldBe("old");
    }

    [Fact]
    public async Task Control_lists_the_last_requests_alone_when_asked()
    {
        await using var sim = await SimulatorHarness.StartAsync();
        foreach (var prompt in (string[])["one", "two", "three"])
            await sim.BodyAsync("glm", Ask.Stream("glm-4.6", prompt));

        var (_, text) = await sim.GetAsync(new Uri($"http://127.0.0.1:{sim.Server.Port}/sim/requests?last=2"));

        Json(text).EnumerateArray().Select(request => request.GetProperty("number").GetInt32()).ShouldBe([2, 3]);
    }

    [Fact]
    public async Task Control_lists_requests_with_bodies_and_without_keys()
    {
        await using var sim = await SimulatorHarness.StartAsync();
        await sim.BodyAsync("kimi", Ask.Stream("kimi-k3", "Grüße"));

        var (_, text) = await sim.GetAsync(new Uri($"http://127.0.0.1:{sim.Server.Port}/sim/requests"));

        var request = Json(text)[0];
        request.GetProperty("dialect").GetString().ShouldBe("kimi");
        request.GetProperty("path").GetString().ShouldBe("/v1/chat/completions");
        request.GetProperty("outcome").GetString().ShouldBe("completed");
        request.GetProperty("authorized").GetBoolean().ShouldBeTrue();
        request.GetProperty("body").GetProperty("messages")[0].GetProperty("content").GetString().ShouldBe("Grüße");
        text.ShouldNotContain("good-key");
    }

    [Fact]
    public async Task Health_tells_the_port_and_needs_no_key()
    {
        await using var sim = await SimulatorHarness.StartAsync();
        sim.Client.DefaultRequestHeaders.Authorization = null;

        (await sim.GetAsync(new Uri($"http://127.0.0.1:{sim.Server.Port}/sim/health"))).Text
            .ShouldBe($$"""{"status":"ok","port":{{sim.Server.Port}},"requests":0}""");
    }

    [Fact]
    public async Task Port_that_is_taken_fails_the_start()
    {
        await using var sim = await SimulatorHarness.StartAsync();

        await Should.ThrowAsync<IOException>(() => SimulatorServer.StartAsync(new SimulatorOptions { Port = sim.Server.Port }));
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
