using System.Net;
using System.Text.Json.Nodes;
using Exai.Daemon.Tests.Http;
using Exai.Testing.Stores;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>Traps 168, 171, 192: the API shows what is, and nothing that is not.</summary>
public sealed class ApiTests
{
    [Theory, EveryStore]
    public async Task Idle_daemon_has_no_figures_but_zeros(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);

        var overview = await daemon.JsonAsync("/api/v1/overview");

        ((string?)overview["daemon"]!["epoch"]).ShouldBe(daemon.Host.Epoch);
        ((JsonObject)overview["today"]!).Count.ShouldBe(0);
        ((int?)overview["tokens"], (double?)overview["costUsd"], (int?)overview["permits"]!["held"]).ShouldBe((0, 0.0, 0));
        ((JsonArray)overview["running"]!).ShouldBeEmpty();
        ((JsonArray)(await daemon.JsonAsync("/api/v1/calls"))["calls"]!).ShouldBeEmpty();
        ((JsonArray)(await daemon.JsonAsync("/api/v1/providers"))["providers"]![0]!["hours"]!).ShouldBeEmpty();
    }

    [Theory, EveryStore]
    public async Task Running_call_is_shown_with_client_model_and_what_it_does_and_ends_when_it_is_cancelled(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var client = await daemon.OpenAsync();
        var callId = LinkClient.ChatCallId();
        var asking = await client.BeginAsync("tools/call", LinkClient.Chat("what runs?", callId));
        var held = await daemon.Provider.ArrivedAsync();

        var call = (await daemon.JsonAsync("/api/v1/overview"))["running"]![0]!;
        // No call waits for its row in the ledger, which names the model.
        for (var patience = Patience.Token(); call["model"] is null; call = (await daemon.JsonAsync("/api/v1/overview"))["running"]![0]!)
        {
            patience.ThrowIfCancellationRequested();
        }

        ((string?)call["callId"], (string?)call["tool"], (string?)call["client"], (string?)call["question"], (string?)call["state"])
            .ShouldBe((callId, "chat", "test", "what runs?", "running"));
        ((string?)call["model"]).ShouldBe("glm-4.6");
        ((string?)call["progress"], (string?)call["stage"]).ShouldBe(("glm-4.6: waiting for the first token", "first_token"));
        ((int?)call["queuePlace"], (int?)call["receivedTokens"]).ShouldBe((null, null));

        using var cancelled = await daemon.AskAsync($"/api/v1/calls/{callId}/cancel", method: HttpMethod.Post);
        cancelled.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await held.GivenUp.Task.WaitAsync(Patience.Token());
        (await client.EndAsync(asking)).ErrorCode().ShouldBe("CANCELLED");
        using var again = await daemon.AskAsync($"/api/v1/calls/{callId}/cancel", method: HttpMethod.Post);
        again.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory, EveryStore]
    public async Task Call_that_waits_for_a_permit_shows_its_place(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("EXAI_WS_GLM_MAX_INFLIGHT", "1"));
        await using var client = await daemon.OpenAsync();
        await client.BeginAsync("tools/call", LinkClient.Chat("the first"));
        await daemon.Provider.ArrivedAsync();
        await client.BeginAsync("tools/call", LinkClient.Chat("the second"));

        JsonNode? waiting;
        do
        {
            waiting = (await daemon.JsonAsync("/api/v1/overview"))["running"]!.AsArray().SingleOrDefault(call => (string?)call!["stage"] == "queue");
        }
        while (waiting is null);

        ((string?)waiting["question"], (int?)waiting["queuePlace"]).ShouldBe(("the second", 1));
        ((string?)waiting["progress"])!.ShouldStartWith("queued, place 1");
    }

    [Theory, EveryStore]
    public async Task Finished_call_has_its_receipt_and_its_way_link_by_link(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        daemon.Provider.Open = true;
        await using var client = await daemon.OpenAsync();
        var callId = LinkClient.ChatCallId();
        await client.RequestAsync("tools/call", LinkClient.Chat("hello", callId));

        var detail = await daemon.JsonAsync($"/api/v1/calls/{callId}");

        ((string?)detail["receipt"]!["callId"], (string?)detail["receipt"]!["model"], (string?)detail["call"]!["state"]).ShouldBe((callId, "glm-4.6", "succeeded"));
        ((JsonArray)detail["attempts"]!).Count.ShouldBe(1);
        var timeline = (JsonArray)detail["timeline"]!;
        // Daemons that share a store share their permits: the first one is asked for there, which counts as waiting.
        timeline.Select(entry => (string?)entry!["link"]).Where(link => link != "queue").ShouldBe(["client", "daemon", "provider", "provider", "provider", "provider", "daemon"]);
        timeline.Select(entry => (long)entry!["at"]!).ShouldBeInOrder();
        ((string?)timeline[^1]!["event"]).ShouldBe("succeeded");
    }

    [Theory]
    [InlineData("?q=needle", 1)]
    [InlineData("?q=100%25", 1)]
    [InlineData("?q=glm-4.6", 2)]
    [InlineData("?q=absent", 0)]
    [InlineData("?state=succeeded", 2)]
    [InlineData("?state=failed", 0)]
    [InlineData("?limit=1", 1)]
    public async Task History_is_searched(string query, int found)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        daemon.Provider.Open = true;
        await using var client = await daemon.OpenAsync();
        await client.RequestAsync("tools/call", LinkClient.Chat("a needle"));
        await client.RequestAsync("tools/call", LinkClient.Chat("100% hay"));

        ((JsonArray)(await daemon.JsonAsync("/api/v1/calls" + query))["calls"]!).Count.ShouldBe(found);
    }

    [Theory, EveryStore]
    public async Task Session_shows_client_version_and_what_reconnecting_cost(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var client = await LinkClient.ConnectAsync(
            daemon.Host.Port, DaemonFixture.Token, "session-1", options => options.SetRequestHeader("Exai-Reconnect", "attempts=2, down-ms=1500"));
        await client.InitializeAsync();

        var session = (await daemon.JsonAsync("/api/v1/sessions"))["sessions"]![0]!;

        ((string?)session["transport"], session["lastUsedAt"]).ShouldBe(("websocket", null));
        ((string?)session["sessionId"], (string?)session["client"], (string?)session["clientVersion"], (string?)session["era"]).ShouldBe(("session-1", "test", "1", "legacy"));
        ((int?)session["reconnects"], (long?)session["downtimeMs"]).ShouldBe((1, 1500));
    }

    [Theory, EveryStore]
    public async Task Client_at_mcp_is_among_the_sessions_until_it_ends_its_own(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();

        var session = (await daemon.JsonAsync("/api/v1/sessions"))["sessions"]!.AsArray().Single()!;

        ((string?)session["transport"], (string?)session["era"], (string?)session["client"], (string?)session["clientVersion"]).ShouldBe(("http", "legacy", "http-test", "1"));
        ((DateTimeOffset)session["lastUsedAt"]!).ShouldBeGreaterThanOrEqualTo((DateTimeOffset)session["connectedAt"]!);
        // The id is what its calls name, not the one that lets its holder speak for it.
        ((string?)session["sessionId"])!.ShouldStartWith("http-");
        ((string?)session["sessionId"]).ShouldNotBe(client.SessionId);

        using var ended = await client.SendAsync(HttpMethod.Delete, body: null);
        ((JsonArray)(await daemon.JsonAsync("/api/v1/sessions"))["sessions"]!).ShouldBeEmpty();
    }

    [Theory, EveryStore]
    public async Task Client_without_a_handshake_is_one_session_however_often_it_asks(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        using var client = new McpClientOverHttp(daemon.Host.Port);
        for (var request = 0; request < 2; request++)
        {
            var (response, _) = await client.ModernAsync("tools/list");
            response.Dispose();
        }

        var session = (await daemon.JsonAsync("/api/v1/sessions"))["sessions"]!.AsArray().Single()!;

        ((string?)session["transport"], (string?)session["era"], (string?)session["client"], (string?)session["clientVersion"]).ShouldBe(("http", "modern", "http-test", "1"));
    }

    [Theory, EveryStore]
    public async Task Provider_shows_its_hours_and_its_failures(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        daemon.Provider.Open = true;
        await using var client = await daemon.OpenAsync();
        await client.RequestAsync("tools/call", LinkClient.Chat("hello"));

        var provider = (await daemon.JsonAsync("/api/v1/providers"))["providers"]![0]!;

        ((string?)provider["name"]).ShouldBe("glm");
        ((int?)provider["hours"]![0]!["ok"], (int?)provider["hours"]![0]!["tokens"]).ShouldBe((1, 12));
        ((int?)(await daemon.JsonAsync("/api/v1/queues"))["global"]!["held"]).ShouldBe(0);
    }

    [Theory, EveryStore]
    public async Task Setting_shows_value_source_and_default_and_no_secret(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("EXAI_DRAIN_SECS", "7"));

        var document = await daemon.JsonAsync("/api/v1/settings");

        var drain = document["settings"]!.AsArray().Single(setting => (string?)setting!["name"] == "EXAI_DRAIN_SECS")!;
        ((string?)drain["value"], (string?)drain["source"], (string?)drain["default"]).ShouldBe(("7", "environment", "30"));
        document.ToJsonString().ShouldNotContain("s3cr3t");
        document.ToJsonString().ShouldNotContain(DaemonFixture.Token);
        ((bool?)document["restartNeeded"]).ShouldBe(false);
    }

    [Theory]
    [InlineData("/api/v1/calls/not-an-id", "GET")]
    [InlineData("/api/v1/calls/not-an-id/cancel", "POST")]
    [InlineData("/api/v1/nothing", "GET")]
    public async Task Unknown_is_404_with_a_reason(string path, string method)
    {
        await using var daemon = await DaemonFixture.StartAsync();

        using var response = await daemon.AskAsync(path, method: new HttpMethod(method));

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        ((string?)JsonNode.Parse(await response.Content.ReadAsStringAsync(Patience.Token()))!["error"]).ShouldNotBeNullOrEmpty();
    }
}
