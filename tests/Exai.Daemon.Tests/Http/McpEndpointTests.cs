using System.Net;
using System.Text.Json.Nodes;
using Exai.Daemon.Tests.Monitoring;
using Exai.Protocol;
using Exai.Testing.Stores;
using Microsoft.Data.Sqlite;

namespace Exai.Daemon.Tests.Http;

/// <summary><c>/mcp</c> in both protocol eras. Traps 139, 140, 196, 197, 210.</summary>
public sealed class McpEndpointTests
{
    [Theory]
    [InlineData("2025-11-25")]
    [InlineData("2025-06-18")]
    [InlineData("2025-03-26")]
    public async Task Client_with_a_handshake_gets_a_session_lists_and_answers(string version)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        daemon.Provider.Open = true;
        using var client = new McpClientOverHttp(daemon.Host.Port);

        await client.InitializeAsync(version);

        var tools = (await client.RequestAsync("tools/list")).Result();
        tools["tools"]!.AsArray().Select(tool => (string)tool!["name"]!).ShouldContain("chat");
        tools.ContainsKey("ttlMs").ShouldBeFalse("that is the other era's");
        (await client.RequestAsync("tools/call", LinkClient.Chat("Hello?"))).Receipt().State.ShouldBe("succeeded");
    }

    [Theory, EveryStore]
    public async Task Client_without_a_handshake_is_answered_by_each_request_alone(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        daemon.Provider.Open = true;
        using var client = new McpClientOverHttp(daemon.Host.Port);

        var discovered = (await client.ModernAsync("server/discover")).Answer.Result();
        var tools = (await client.ModernAsync("tools/list")).Answer.Result();
        var (response, answer) = await client.ModernAsync("tools/call", new JsonObject { ["name"] = "chat", ["arguments"] = new JsonObject { ["prompt"] = "Hello?" } });

        discovered["supportedVersions"]!.AsArray().Select(version => (string)version!).ShouldContain(ModernProtocol.Version);
        ((string?)tools["resultType"]).ShouldBe("complete");
        ((double?)tools["ttlMs"]).ShouldBe(60_000);
        ((string?)tools["cacheScope"]).ShouldBe("private");
        answer.Receipt().State.ShouldBe("succeeded");
        response.Headers.Contains("Mcp-Session-Id").ShouldBeFalse();
    }

    [Theory, EveryStore]
    public async Task Session_over_http_needs_a_place_while_it_has_a_call(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("SESSION_MAX_CONCURRENT", "1"));
        await using var shim = await daemon.OpenAsync("shim");
        var running = await shim.BeginAsync("tools/call", LinkClient.Chat("hello"));
        var request = await daemon.Provider.ArrivedAsync();
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();

        var refused = await client.RequestAsync("tools/call", LinkClient.Chat("me too"));
        request.Answer("hello");
        await shim.EndAsync(running);
        daemon.Provider.Open = true;
        var answered = await client.RequestAsync("tools/call", LinkClient.Chat("me too"));

        refused.IsError().ShouldBeTrue();
        refused.Text().ShouldStartWith("OVER_CAPACITY: 1 sessions are connected (SESSION_MAX_CONCURRENT=1)");
        answered.IsError().ShouldBeFalse();
    }

    [Theory, EveryStore]
    public async Task Modern_request_whose_headers_and_body_differ_is_refused(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        using var client = new McpClientOverHttp(daemon.Host.Port);

        var (method, _) = await client.ModernAsync("tools/list", set: request => Replace(request, "Mcp-Method", "prompts/list"));
        var (name, wrong) = await client.ModernAsync("tools/call", new JsonObject { ["name"] = "chat" }, request => Replace(request, "Mcp-Name", "version"));
        var (version, unknown) = await client.ModernAsync("tools/list", set: request => Replace(request, "MCP-Protocol-Version", "2027-01-01"));
        var (removed, none) = await client.ModernAsync("ping");

        method.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        name.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        ((int?)wrong["error"]!["code"]).ShouldBe(ModernProtocol.HeaderMismatch);
        version.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        ((int?)unknown["error"]!["code"]).ShouldBe(ModernProtocol.HeaderMismatch);
        removed.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        ((int?)none["error"]!["code"]).ShouldBe(-32601);

        static void Replace(HttpRequestMessage request, string header, string value)
        {
            request.Headers.Remove(header);
            request.Headers.Add(header, value);
        }
    }

    [Theory, EveryStore]
    public async Task Session_goes_on_with_the_next_daemon(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        using var before = new McpClientOverHttp(daemon.Host.Port);
        await before.InitializeAsync();

        await daemon.StopAsync();
        await using var next = await daemon.StartHostAsync();

        using var after = new McpClientOverHttp(next.Port) { SessionId = before.SessionId };
        (await after.RequestAsync("tools/list")).Result()["tools"]!.AsArray().ShouldNotBeEmpty();
        (await after.RequestAsync("tools/call", LinkClient.Call("version"))).IsError().ShouldBeFalse();
    }

    [Theory, EveryStore]
    public async Task Session_that_nobody_made_or_that_was_ended_is_404_and_a_new_handshake_works(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();
        var forged = client.SessionId![..^2] + (client.SessionId.EndsWith("AA", StringComparison.Ordinal) ? "BB" : "AA");

        using var stranger = new McpClientOverHttp(daemon.Host.Port) { SessionId = forged };
        using (var refused = await stranger.SendAsync(HttpMethod.Post, stranger.Request("tools/list")))
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        using (var ended = await client.SendAsync(HttpMethod.Delete, null))
        {
            ended.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        using (var gone = await client.SendAsync(HttpMethod.Post, client.Request("tools/list")))
        {
            gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        client.SessionId = null;
        await client.InitializeAsync();
        (await client.RequestAsync("tools/list")).Result()["tools"]!.AsArray().ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData(null, "Origin", null, HttpStatusCode.Unauthorized)]
    [InlineData("a-wrong-token-of-some-length", "Origin", null, HttpStatusCode.Unauthorized)]
    [InlineData(DaemonFixture.Token, "Origin", "http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData(null, "Origin", "http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData(DaemonFixture.Token, "Host", "evil.example", HttpStatusCode.Forbidden)]
    [InlineData(DaemonFixture.Token, "Accept", "application/json", HttpStatusCode.NotAcceptable)]
    public async Task Who_may_not_or_cannot_be_answered_is_refused_without_a_word_for_browsers(string? token, string header, string? value, HttpStatusCode status)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var client = new McpClientOverHttp(daemon.Host.Port, token);

        using var response = await client.SendAsync(HttpMethod.Post, client.Request("tools/list"), request =>
        {
            if (value is not null)
            {
                request.Headers.Remove(header);
                request.Headers.TryAddWithoutValidation(header, value);
            }
        });

        response.StatusCode.ShouldBe(status);
        response.Headers.ShouldAllBe(sent => !sent.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("no json", -32700)]
    [InlineData("[]", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":1}""", -32600)]
    public async Task Body_that_is_no_message_is_400_with_the_standard_error(string body, int code)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var client = new McpClientOverHttp(daemon.Host.Port);

        using var response = await client.SendAsync(HttpMethod.Post, body);

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        ((int?)(await McpClientOverHttp.AnswerAsync(response))["error"]!["code"]).ShouldBe(code);
    }

    [Theory, EveryStore]
    public async Task Call_that_outlasts_its_client_s_patience_is_answered_as_running_and_its_result_can_be_had(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("EXAI_CLIENT_WAIT_SECS", "1"));
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();

        var running = (await client.RequestAsync("tools/call", LinkClient.Chat("Hello?"))).Result();
        var jobId = (string)running["structuredContent"]!["job_id"]!;
        ((string?)running["structuredContent"]!["status"]).ShouldBe("running");
        (await daemon.Provider.ArrivedAsync()).Answer("Hello.");

        var claimed = await client.RequestAsync("tools/call", LinkClient.Call("job_result", new JsonObject { ["job_id"] = jobId, ["wait_seconds"] = 10 }));
        claimed.Receipt().CallId.ShouldBe(jobId);
    }

    [Fact]
    public async Task Client_s_patience_runs_while_a_locked_store_does_not_take_the_call_yet()
    {
        var patience = TimeSpan.FromSeconds(2);
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_CLIENT_WAIT_SECS", $"{patience.TotalSeconds}"));
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();

        Task<JsonObject> asked;
        await using (var other = new SqliteConnection($"Data Source={daemon.Home.Database};Pooling=False"))
        {
            other.Open();
            await using var writing = other.BeginTransaction(deferred: false);
            asked = client.RequestAsync("tools/call", LinkClient.Chat("Hello?"));
            await Task.Delay(patience + TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
            asked.IsCompleted.ShouldBeFalse();
        }

        var againAsLong = Task.Delay(patience, TimeProvider.System, TestContext.Current.CancellationToken);
        (await Task.WhenAny(asked, againAsLong)).ShouldBe(asked);
        ((string?)(await asked).Result()["structuredContent"]!["status"]).ShouldBe("running");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Same_question_after_an_answer_of_running_joins_the_call_in_both_eras(bool modern)
    {
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_CLIENT_WAIT_SECS", "1"));
        using var client = new McpClientOverHttp(daemon.Host.Port);
        if (!modern)
        {
            await client.InitializeAsync();
        }

        async Task<JsonObject> CallAsync(JsonObject call) => modern ? (await client.ModernAsync("tools/call", call)).Answer : await client.RequestAsync("tools/call", call);
        var running = (await CallAsync(LinkClient.Call("chat", new JsonObject { ["prompt"] = "Hello?" }))).Result();
        var jobId = (string)running["structuredContent"]!["job_id"]!;
        running.ContainsKey("resultType").ShouldBe(modern);
        (await daemon.Provider.ArrivedAsync()).Answer("Hello.");

        var again = await CallAsync(LinkClient.Call("chat", new JsonObject { ["prompt"] = "Hello?" }));
        again.Receipt().CallId.ShouldBe(jobId);
        var claimed = await CallAsync(LinkClient.Call("job_result", new JsonObject { ["job_id"] = jobId }));
        claimed.Receipt().CallId.ShouldBe(jobId);
        claimed.Result().ContainsKey("resultType").ShouldBe(modern);
        daemon.Provider.Requests.ShouldBe(1);

        // It has been delivered: the same question is a new one.
        daemon.Provider.Open = true;
        (await CallAsync(LinkClient.Call("chat", new JsonObject { ["prompt"] = "Hello?" }))).Receipt().CallId.ShouldNotBe(jobId);
    }

    [Theory, EveryStore]
    public async Task Post_that_is_dropped_leaves_its_call_running(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();
        var callId = LinkClient.ChatCallId();
        using var leaving = new CancellationTokenSource();

        var posting = client.SendAsync(HttpMethod.Post, client.Request("tools/call", LinkClient.Chat("Hello?", callId)), cancellationToken: leaving.Token);
        var asked = await daemon.Provider.ArrivedAsync();
        (await posting).Dispose();
        leaving.Cancel();
        asked.Answer("Hello.");

        var again = await client.RequestAsync("tools/call", LinkClient.Chat("Hello?", callId));
        again.Receipt().Runs.ShouldBe(1);
        daemon.Provider.Requests.ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Same_question_after_a_post_that_was_dropped_joins_the_call_in_both_eras(bool modern)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var client = new McpClientOverHttp(daemon.Host.Port);
        if (!modern)
        {
            await client.InitializeAsync();
        }

        var asked = await DropAsync(daemon, client, modern);

        var again = PostAsync(client, modern);
        await daemon.CountAsync("exai_calls_recovered_total{how=\"attached\"}", 1);
        asked.Answer("Hello.");
        (await again).Receipt().Runs.ShouldBe(1);
        daemon.Provider.Requests.ShouldBe(1);

        // It has been delivered: the same question is a new one.
        daemon.Provider.Open = true;
        (await PostAsync(client, modern)).Receipt().CallId.ShouldNotBe((await again).Receipt().CallId);
        daemon.Provider.Requests.ShouldBe(2);
    }

    [Fact]
    public async Task Same_question_after_a_dropped_post_s_call_has_ended_gets_its_answer()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();

        (await DropAsync(daemon, client, modern: false)).Answer("Hello.");
        await daemon.CountAsync("exai_calls_in_flight", 0);

        (await PostAsync(client, modern: false)).Receipt().Recovered.ShouldBe(RecoveredHow.Replayed);
        daemon.Provider.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task Same_question_twice_at_once_is_two_calls_also_after_a_third_was_dropped()
    {
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_WS_GLM_MAX_INFLIGHT", "3"), ("EXAI_WS_SESSION_MAX_INFLIGHT", "3"));
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();

        var first = await DropAsync(daemon, client, modern: false);
        var joins = PostAsync(client, modern: false);
        await daemon.CountAsync("exai_calls_recovered_total{how=\"attached\"}", 1);
        var twin = PostAsync(client, modern: false);
        var second = await daemon.Provider.ArrivedAsync();
        first.Answer("One.");
        second.Answer("Two.");

        (await joins).Text().ShouldStartWith("One.");
        (await twin).Text().ShouldStartWith("Two.");
    }

    [Fact]
    public async Task Question_of_another_session_joins_no_dropped_post()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var client = new McpClientOverHttp(daemon.Host.Port);
        using var other = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();
        await other.InitializeAsync();

        await DropAsync(daemon, client, modern: false);

        daemon.Provider.Open = true;
        (await PostAsync(other, modern: false)).IsError().ShouldBeFalse();
        daemon.Provider.Requests.ShouldBe(2);
    }

    [Theory, EveryStore]
    public async Task Progress_comes_on_the_stream_of_its_call(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("EXAI_WS_PROGRESS_INTERVAL_SECS", "0.1"));
        using var client = new McpClientOverHttp(daemon.Host.Port);
        await client.InitializeAsync();
        using var response = await client.SendAsync(HttpMethod.Post, client.Request("tools/call", LinkClient.Chat("Hello?", progressToken: "p")));
        var asked = await daemon.Provider.ArrivedAsync();

        var events = McpClientOverHttp.EventsAsync(response).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        (await events.MoveNextAsync()).ShouldBeTrue();
        ((string?)events.Current["params"]!["progressToken"]).ShouldBe("p");
        asked.Answer("Hello.");
        while (!events.Current.ContainsKey("result"))
        {
            (await events.MoveNextAsync()).ShouldBeTrue();
        }

        events.Current.IsError().ShouldBeFalse();
    }

    /// <summary>Asks a question, and is gone before its answer.</summary>
    /// <returns>What the provider was asked.</returns>
    private static async Task<GatedRequest> DropAsync(DaemonFixture daemon, McpClientOverHttp client, bool modern)
    {
        using var leaving = new CancellationTokenSource();
        var posting = PostAsync(client, modern, leaving.Token);
        var asked = await daemon.Provider.ArrivedAsync();
        leaving.Cancel();
        await Should.ThrowAsync<OperationCanceledException>(posting);
        await daemon.CountAsync("exai_calls_detached_total", 1);
        return asked;
    }

    private static async Task<JsonObject> PostAsync(McpClientOverHttp client, bool modern, CancellationToken cancellationToken = default)
    {
        var call = LinkClient.Call("chat", new JsonObject { ["prompt"] = "Hello?" });
        return modern ? (await client.ModernAsync("tools/call", call, cancellationToken: cancellationToken)).Answer : await client.RequestAsync("tools/call", call, cancellationToken);
    }
}
