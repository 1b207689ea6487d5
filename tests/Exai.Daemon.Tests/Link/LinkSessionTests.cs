using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.Daemon.Tests.Link;

/// <summary>MCP over the link: what is said, what is refused, and what survives a bad frame.</summary>
public sealed class LinkSessionTests
{
    [Theory]
    [InlineData("2025-11-25")]
    [InlineData("2025-06-18")]
    [InlineData("2024-11-05")]
    public async Task Initialize_says_what_the_shim_says_without_a_daemon(string version)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var client = await daemon.ConnectAsync();

        var result = await client.InitializeAsync(version);

        // The SDK adds logging by itself; the shim answers initialize from the manifest, so no client sees it.
        ((JsonObject)result["capabilities"]!).Remove("logging");
        Canonical(result).ShouldBe(Canonical(ServerManifest.InitializeResult(version)));
    }

    /// <summary>Traps 5, 55: a client that starts before any daemon sees the tools that it will get.</summary>
    [Theory, EveryStore]
    public async Task Tools_list_is_the_built_in_one(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var client = await daemon.OpenAsync();

        var list = (await client.RequestAsync("tools/list")).Result();

        Canonical(list).ShouldBe(Canonical(ToolCatalogue.ListResult(ToolCatalogue.Select(ToolTier.Standard, [], []))));
    }

    [Theory, EveryStore]
    public async Task Chat_answers_with_its_receipt(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        daemon.Provider.Open = true;
        await using var client = await daemon.OpenAsync();
        var callId = LinkClient.ChatCallId();

        var response = await client.RequestAsync("tools/call", LinkClient.Chat("hello", callId));

        response.IsError().ShouldBeFalse();
        response.Text().ShouldStartWith("at once\n\n[glm-4.6");
        var receipt = response.Receipt();
        (receipt.CallId, receipt.Tool, receipt.Model, receipt.Recovered, receipt.Durable).ShouldBe((callId, "chat", "glm-4.6", "none", true));
    }

    [Theory]
    [InlineData("version")]
    [InlineData("listmodels")]
    [InlineData("status")]
    public async Task Recomputed_tool_answers_at_once(string tool)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var client = await daemon.OpenAsync();

        var response = await client.RequestAsync("tools/call", LinkClient.Call(tool));

        response.IsError().ShouldBeFalse();
        response.Text().ShouldNotBeEmpty();
        response.Receipt().Tool.ShouldBe(tool);
        daemon.Provider.Requests.ShouldBe(0);
    }

    [Theory, EveryStore]
    public async Task Status_and_health_file_say_busy_while_a_call_runs(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var client = await daemon.OpenAsync();
        (await daemon.HealthAsync(health => health.Sessions == 1)).Status.ShouldBe(DaemonStatus.Ready);
        var call = await client.BeginAsync("tools/call", LinkClient.Chat("hello"));
        var request = await daemon.Provider.ArrivedAsync();

        (await client.RequestAsync("tools/call", LinkClient.Call("status"))).Text().ShouldContain("1 calls are running");
        var busy = await daemon.HealthAsync(health => health.Status == DaemonStatus.Busy);
        (busy.GlobalInflight, busy.BusySince.HasValue).ShouldBe((1, true));

        request.Answer("done");
        (await client.EndAsync(call)).Text().ShouldStartWith("done");
        (await daemon.HealthAsync(health => health.Status == DaemonStatus.Ready)).BusySince.ShouldBeNull();
    }

    [Theory]
    [InlineData("nothing", "{}", ErrorCodes.ToolNotFound, "There is no tool 'nothing'")]
    [InlineData("chta", "{}", ErrorCodes.ToolNotFound, "Did you mean chat?")]
    [InlineData("chat", "{}", ErrorCodes.InvalidArgument, "'prompt' is missing")]
    [InlineData("chat", """{"prompt":"p","model":"nothing-like-it"}""", ErrorCodes.ModelNotFound, "nothing-like-it")]
    [InlineData("chat", """{"prompt":"p","continuation_id":"x"}""", ErrorCodes.ThreadNotFound, "'x'")]
    public async Task Failure_is_a_result_that_says_code_and_reason(string tool, string arguments, string code, string text)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var client = await daemon.OpenAsync();

        var response = await client.RequestAsync("tools/call", LinkClient.Call(tool, (JsonObject)JsonNode.Parse(arguments)!));

        (response.IsError(), response.ErrorCode()).ShouldBe((true, code));
        response.Text().ShouldStartWith(code + ": ");
        response.Text().ShouldContain(text);
    }

    /// <summary>Trap 24 on the wire.</summary>
    [Theory, EveryStore]
    public async Task Known_call_id_with_other_arguments_is_a_conflict(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        daemon.Provider.Open = true;
        await using var client = await daemon.OpenAsync();
        var callId = LinkClient.ChatCallId();
        await client.RequestAsync("tools/call", LinkClient.Chat("hello", callId));

        (await client.RequestAsync("tools/call", LinkClient.Chat("other", callId))).ErrorCode().ShouldBe(ErrorCodes.CallConflict);

        (await client.RequestAsync("tools/call", LinkClient.Chat("hello", callId))).Receipt().Recovered.ShouldBe(RecoveredHow.Replayed);
        daemon.Provider.Requests.ShouldBe(1);
    }

    /// <summary>Trap 31: an id that means nothing must not silently become no id, for then a resend runs again.</summary>
    [Theory]
    [InlineData("\"not-a-uuid\"")]
    [InlineData("\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\"")]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("[]")]
    public async Task Call_id_that_is_none_is_refused(string callId)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        daemon.Provider.Open = true;
        await using var client = await daemon.OpenAsync();

        var response = await client.RequestAsync("tools/call", LinkClient.Call("chat", new JsonObject { ["prompt"] = "p" }, JsonNode.Parse(callId)));

        response.ErrorCode().ShouldBe(ErrorCodes.InvalidArgument);
        response.Text().ShouldContain("exai/callId");
        daemon.Provider.Requests.ShouldBe(0);
    }

    /// <summary>Trap 13: a frame that is no message is answered, with its id where it has one, and the link lives on.</summary>
    [Theory]
    [InlineData("{", -32700, null)]
    [InlineData("", -32700, null)]
    [InlineData("[]", -32600, null)]
    [InlineData("""[{"jsonrpc":"2.0","id":9,"method":"ping"}]""", -32600, null)]
    [InlineData("null", -32600, null)]
    [InlineData("5", -32600, null)]
    [InlineData("{}", -32600, null)]
    [InlineData("""{"jsonrpc":"2.0","id":9}""", -32600, "9")]
    [InlineData("""{"jsonrpc":"2.0","id":9,"method":5}""", -32600, "9")]
    [InlineData("""{"jsonrpc":"2.0","id":"nine","method":{}}""", -32600, "\"nine\"")]
    [InlineData("""{"jsonrpc":"2.0","id":1.5,"method":"ping"}""", -32600, null)]
    [InlineData("""{"jsonrpc":"2.0","id":{},"method":"ping"}""", -32600, null)]
    [InlineData("""{"jsonrpc":"2.0","id":"\ud800","method":5}""", -32600, null)]
    public async Task Frame_that_is_no_message_is_answered(string frame, int code, string? id)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var client = await daemon.OpenAsync();

        await client.SendAsync(frame);
        var refusal = (await client.ReceiveAsync()).ShouldNotBeNull();

        ((int)refusal["error"]!["code"]!).ShouldBe(code);
        refusal["id"]?.ToJsonString().ShouldBe(id);
        (await client.RequestAsync("ping")).Result().ShouldNotBeNull();
    }

    /// <summary>Too deep to be read, and yet a request that somebody waits for.</summary>
    [Theory, EveryStore]
    public async Task Request_that_is_too_deep_is_refused_under_its_id(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var client = await daemon.OpenAsync();
        var deep = new string('[', 200) + new string(']', 200);

        await client.SendAsync("""{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"chat","arguments":{"prompt":""" + deep + "}}}");
        var refusal = (await client.ReceiveAsync()).ShouldNotBeNull();

        ((int)refusal["id"]!).ShouldBe(77);
        refusal["error"].ShouldNotBeNull();
    }

    /// <summary>The WebSocket's own rule; the shim's next link is served.</summary>
    [Theory, EveryStore]
    public async Task Frame_of_broken_utf8_ends_the_link(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var client = await daemon.OpenAsync("session");

        await client.SendAsync([0x22, 0xC3, 0x28, 0x22]);

        // With its close frame, or without it if that was overtaken by the end of the connection.
        await Task.WhenAny(client.ReceiveAsync());
        client.State.ShouldNotBe(WebSocketState.Open);
        await using var next = await daemon.OpenAsync("session");
        (await next.RequestAsync("ping")).Result().ShouldNotBeNull();
    }

    [Theory, EveryStore]
    public async Task Frame_that_is_too_large_closes_the_link_1009(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("EXAI_WS_MAX_BYTES", "65536"));
        await using var client = await daemon.OpenAsync();

        // Far more than what stands between two ends of a socket: the daemon reads on, so that the sender learns why.
        await client.SendAsync(Encoding.UTF8.GetBytes(new string(' ', 40_000_000)));

        (await client.ReceiveAsync()).ShouldBeNull();
        client.CloseStatus.ShouldBe(WebSocketCloseStatus.MessageTooBig);
    }

    [Theory, EveryStore]
    public async Task Binary_frame_closes_the_link_1003(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var client = await daemon.OpenAsync();

        await client.SendAsync([1, 2, 3], WebSocketMessageType.Binary);

        (await client.ReceiveAsync()).ShouldBeNull();
        client.CloseStatus.ShouldBe(WebSocketCloseStatus.InvalidMessageType);
    }

    /// <summary>Trap 19: one large line, whole.</summary>
    [Theory, EveryStore]
    public async Task Large_argument_and_answer_pass_whole(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var client = await daemon.OpenAsync();
        var call = await client.BeginAsync("tools/call", LinkClient.Chat(new string('q', 300_000)));

        (await daemon.Provider.ArrivedAsync()).Answer(new string('a', 1_000_000));

        (await client.EndAsync(call)).Text().ShouldStartWith(new string('a', 1_000_000) + "\n");
    }

    /// <summary>Trap 28: answers in any order reach their own requests.</summary>
    [Theory, EveryStore]
    public async Task Two_calls_at_once_each_gets_its_own_answer(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var client = await daemon.OpenAsync();
        var first = await client.BeginAsync("tools/call", LinkClient.Chat("first"));
        var firstRequest = await daemon.Provider.ArrivedAsync();
        var second = await client.BeginAsync("tools/call", LinkClient.Chat("second"));
        var secondRequest = await daemon.Provider.ArrivedAsync();

        secondRequest.Answer("two");
        (await client.EndAsync(second)).Text().ShouldStartWith("two");
        firstRequest.Answer("one");
        (await client.EndAsync(first)).Text().ShouldStartWith("one");
    }

    /// <summary>Traps 34, 48: progress for the token that asked for it, and none after the response.</summary>
    [Theory, EveryStore]
    public async Task Progress_comes_with_a_token_only_and_ends_with_the_response(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("EXAI_WS_PROGRESS_INTERVAL_SECS", "0"));
        await using var client = await daemon.OpenAsync();
        var silent = await client.BeginAsync("tools/call", LinkClient.Chat("silent"));
        var silentRequest = await daemon.Provider.ArrivedAsync();
        var told = await client.BeginAsync("tools/call", LinkClient.Chat("told", progressToken: "token-1"));
        var toldRequest = await daemon.Provider.ArrivedAsync();

        var first = (await client.ReceiveAsync())!["params"]!;
        var second = (await client.ReceiveAsync())!["params"]!;
        toldRequest.Answer("done");
        await client.EndAsync(told);
        var before = client.Notifications.Count;
        silentRequest.Answer("done");
        await client.EndAsync(silent);
        await client.RequestAsync("ping");

        ((string)first["progressToken"]!, (string)second["progressToken"]!).ShouldBe(("token-1", "token-1"));
        ((string)first["message"]!).ShouldBe("glm-4.6: waiting for the first token");
        ((double)second["progress"]!).ShouldBeGreaterThan((double)first["progress"]!);
        client.Notifications.Count.ShouldBe(before);
        // However short the interval is set, a waiting call does not flood its link.
        ((double)second["progress"]! - (double)first["progress"]!).ShouldBeGreaterThan(0.05);
    }

    private static string Canonical(JsonNode node) => CanonicalJson.Hash(JsonSerializer.SerializeToElement(node));
}
