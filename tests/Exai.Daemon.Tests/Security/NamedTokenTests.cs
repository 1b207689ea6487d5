using System.Net;
using System.Text.Json.Nodes;
using Exai.Core.Tokens;
using Exai.Daemon.Generations;
using Exai.Daemon.Tests.Http;
using Exai.Daemon.Tests.Monitoring;
using Exai.Protocol;
using Exai.Testing.Files;
using Exai.Testing.Stores;

namespace Exai.Daemon.Tests.Security;

/// <summary>Users of one daemon with tokens of their own: what opens, what does not, and how it ends.</summary>
public sealed class NamedTokenTests(ITestOutputHelper output)
{
    [Theory, EveryStore]
    public async Task Named_token_makes_calls_over_the_link_and_over_HTTP_and_the_owner_sees_whose_they_are(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var desk = await TokenDesk.OpenAsync(daemon);
        daemon.Provider.Open = true;
        var secret = await desk.AddAsync(daemon, "alice");
        await using var link = await OpenAsync(daemon, secret, "session");
        using var http = new McpClientOverHttp(daemon.Host.Port, secret);
        await http.InitializeAsync();

        var overLink = await link.RequestAsync("tools/call", LinkClient.Chat("hello"));
        var overHttp = await http.RequestAsync("tools/call", LinkClient.Chat("hello"));
        var (_, modern) = await http.ModernAsync("tools/call", new JsonObject { ["name"] = "chat", ["arguments"] = new JsonObject { ["prompt"] = "hello" } });

        foreach (var answer in new[] { overLink, overHttp, modern })
        {
            answer.IsError().ShouldBeFalse(answer.ToJsonString());
        }

        var calls = (await daemon.JsonAsync("/api/v1/calls"))["calls"]!.AsArray();
        calls.Select(call => (string?)call!["token"]).ShouldBe(["alice", "alice", "alice"]);
        calls.Select(call => (string)call!["sessionId"]!).ShouldAllBe(session => session.StartsWith("alice/", StringComparison.Ordinal));
        daemon.Log.Entries.ShouldAllBe(entry => !entry.Text.Contains(secret, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/api/v1/overview", "GET")]
    [InlineData("/api/v1/calls", "GET")]
    [InlineData("/api/v1/signin", "POST")]
    [InlineData("/", "GET")]
    public async Task Named_token_opens_nothing_of_the_operations_endpoint(string path, string method)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var desk = await TokenDesk.OpenAsync(daemon);
        var secret = await desk.AddAsync(daemon, "alice");

        using var refused = await daemon.AskAsync(path, secret, new HttpMethod(method));

        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await refused.Content.ReadAsStringAsync(Patience.Token())).ShouldContain("named token");
    }

    [Fact]
    public async Task Named_token_may_bring_files_and_may_not_take_the_port_over()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var desk = await TokenDesk.OpenAsync(daemon);
        var secret = await desk.AddAsync(daemon, "alice");
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", secret);

        using var handover = await http.PostAsync($"http://127.0.0.1:{daemon.Host.Port}{HandoverEndpoint.Path}", content: null, Patience.Token());
        using var blob = await http.PutAsync(
            $"http://127.0.0.1:{daemon.Host.Port}{BlobContract.Path}/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", new StringContent("abc"), Patience.Token());

        (handover.StatusCode, blob.StatusCode).ShouldBe((HttpStatusCode.Unauthorized, HttpStatusCode.Created));
        daemon.Host.MadeWay.IsCompleted.ShouldBeFalse();
    }

    [Theory, EveryStore]
    public async Task Revoked_token_loses_its_link_its_stream_and_its_waiting_request_and_is_refused_from_then_on(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var desk = await TokenDesk.OpenAsync(daemon);
        var (secret, other) = (await desk.AddAsync(daemon, "alice"), await desk.AddAsync(daemon, "bob"));
        await using var link = await OpenAsync(daemon, secret, "session");
        await using var bob = await OpenAsync(daemon, other, "session");
        await using var owner = await daemon.OpenAsync();
        using var http = new McpClientOverHttp(daemon.Host.Port, secret);
        await http.InitializeAsync();
        using var stream = await http.SendAsync(HttpMethod.Get, body: null);
        var waiting = http.RequestAsync("tools/call", LinkClient.Chat("hello"));
        await daemon.Provider.ArrivedAsync();

        var since = TimeProvider.System.GetTimestamp();
        await desk.RevokeAsync("alice");
        await link.EndAsync();

        output.WriteLine($"{store}: the link ended {TimeProvider.System.GetElapsedTime(since).TotalMilliseconds:0} ms after the revocation");
        ((int?)link.CloseStatus).ShouldBe(LinkContract.RevokedCloseCode);
        TimeProvider.System.GetElapsedTime(since).ShouldBeLessThan(TimeSpan.FromSeconds(10));
        (await EndsAsync(waiting)).ShouldBeFalse("a cut request has no answer");
        await EndsAsync(stream.Content.ReadAsStringAsync(Patience.Token()));
        await using var again = await LinkClient.ConnectAsync(daemon.Host.Port, secret);
        again.Status.ShouldBe(HttpStatusCode.Unauthorized);
        using var refused = await http.SendAsync(HttpMethod.Post, http.Request("ping"));
        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await bob.RequestAsync("ping")).Result().ShouldNotBeNull();
        (await owner.RequestAsync("ping")).Result().ShouldNotBeNull();
    }

    /// <summary>A client that answers no close and goes on sending is not served either.</summary>
    [Fact]
    public async Task Revoked_token_gets_UNAUTHORIZED_on_a_link_that_stays()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var desk = await TokenDesk.OpenAsync(daemon);
        var secret = await desk.AddAsync(daemon, "alice");
        await using var link = await OpenAsync(daemon, secret, "session");

        await desk.RevokeAsync("alice");
        // Not reading, this side answers no close.
        var patience = Patience.Token();
        while (link.State == System.Net.WebSockets.WebSocketState.Open && !patience.IsCancellationRequested)
        {
            try
            {
                await link.BeginAsync("tools/call", LinkClient.Chat("still there?"));
            }
            catch (Exception cut) when (cut is System.Net.WebSockets.WebSocketException or IOException)
            {
                break;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, patience);
        }

        patience.IsCancellationRequested.ShouldBeFalse();
        await using var again = await LinkClient.ConnectAsync(daemon.Host.Port, secret);
        again.Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Revocation_reaches_all_daemons_on_the_store()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var database = PostgresServer.Shared.CreateDatabase();
        await using var left = await DaemonFixture.StartAsync(("EXAI_STORE", database));
        await using var right = await DaemonFixture.StartAsync(("EXAI_STORE", database));
        await using var desk = await TokenDesk.OpenAsync(left);
        var secret = await desk.AddAsync(left, "alice");
        await using var one = await OpenAsync(left, secret, "one");
        await using var other = await OpenAsync(right, secret, "two");

        var since = TimeProvider.System.GetTimestamp();
        await desk.RevokeAsync("alice");
        await one.EndAsync();
        await other.EndAsync();

        output.WriteLine($"both links ended {TimeProvider.System.GetElapsedTime(since).TotalMilliseconds:0} ms after the revocation");
        TimeProvider.System.GetElapsedTime(since).ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    [Theory, EveryStore]
    public async Task Users_do_not_meet_in_jobs_threads_or_sessions(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("TOOL_PROFILE", "full"));
        await using var desk = await TokenDesk.OpenAsync(daemon);
        await using var alice = await OpenAsync(daemon, await desk.AddAsync(daemon, "alice"), "the same session");
        await using var bob = await OpenAsync(daemon, await desk.AddAsync(daemon, "bob"), "the same session");
        await using var owner = await daemon.OpenAsync("the same session");
        daemon.Provider.Open = true;
        var receipt = (await alice.RequestAsync("tools/call", LinkClient.Chat("a secret of alice"))).Receipt();

        var job = new JsonObject { ["job_id"] = receipt.CallId };
        (await bob.RequestAsync("tools/call", LinkClient.Call("job_result", job.DeepClone().AsObject()))).Text().ShouldContain("No call");
        (await bob.RequestAsync("tools/call", LinkClient.Call("job_cancel", job.DeepClone().AsObject()))).Text().ShouldContain("No call");
        foreach (var tool in new[] { "job_list", "toolcall_log_tail", "health" })
        {
            (await bob.RequestAsync("tools/call", LinkClient.Call(tool))).Text().ShouldNotContain(receipt.CallId);
            (await alice.RequestAsync("tools/call", LinkClient.Call(tool))).Text().ShouldContain(receipt.CallId);
            (await owner.RequestAsync("tools/call", LinkClient.Call(tool))).Text().ShouldContain(receipt.CallId);
        }

        var go = new JsonObject { ["prompt"] = "go on", ["continuation_id"] = receipt.ThreadId };
        (await bob.RequestAsync("tools/call", LinkClient.Call("chat", go.DeepClone().AsObject()))).ErrorCode().ShouldBe(ErrorCodes.ThreadNotFound);
        (await alice.RequestAsync("tools/call", LinkClient.Call("chat", go.DeepClone().AsObject()))).IsError().ShouldBeFalse();
        (await owner.RequestAsync("tools/call", LinkClient.Call("chat", go.DeepClone().AsObject()))).IsError().ShouldBeFalse();
        (await owner.RequestAsync("tools/call", LinkClient.Call("job_result", job.DeepClone().AsObject()))).IsError().ShouldBeFalse();
    }

    [Fact]
    public async Task Tools_that_show_what_all_have_are_the_owners_alone()
    {
        await using var daemon = await DaemonFixture.StartAsync(("TOOL_PROFILE", "full"));
        await using var desk = await TokenDesk.OpenAsync(daemon);
        await using var alice = await OpenAsync(daemon, await desk.AddAsync(daemon, "alice"), "session");
        await using var owner = await daemon.OpenAsync();

        var offered = Names(await alice.RequestAsync("tools/list"));
        var all = Names(await owner.RequestAsync("tools/list"));

        all.Except(offered).ShouldBe(["activity", "self-check", "kimi_manage_files"], ignoreOrder: true);
        var refused = await alice.RequestAsync("tools/call", LinkClient.Call("activity"));
        refused.ErrorCode().ShouldBe(ErrorCodes.ToolNotFound);
        refused.Text().ShouldContain("owner");
        (await owner.RequestAsync("tools/call", LinkClient.Call("activity"))).IsError().ShouldBeFalse();
    }

    [Fact]
    public async Task Session_of_another_over_HTTP_is_not_found()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var desk = await TokenDesk.OpenAsync(daemon);
        using var alice = new McpClientOverHttp(daemon.Host.Port, await desk.AddAsync(daemon, "alice"));
        await alice.InitializeAsync();
        using var bob = new McpClientOverHttp(daemon.Host.Port, await desk.AddAsync(daemon, "bob")) { SessionId = alice.SessionId };
        using var owner = new McpClientOverHttp(daemon.Host.Port) { SessionId = alice.SessionId };

        using var taken = await bob.SendAsync(HttpMethod.Post, bob.Request("tools/list"));
        using var owners = await owner.SendAsync(HttpMethod.Post, owner.Request("tools/list"));

        (taken.StatusCode, owners.StatusCode).ShouldBe((HttpStatusCode.NotFound, HttpStatusCode.NotFound));
        (await alice.RequestAsync("tools/list")).Result().ShouldNotBeNull();
    }

    /// <summary>They are the owner's files, whoever sits at the machine.</summary>
    [Fact]
    public async Task Files_of_the_daemons_machine_are_not_read_for_a_named_token()
    {
        using var project = new TempProject();
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_ALLOWED_ROOTS", project.Root));
        await using var desk = await TokenDesk.OpenAsync(daemon);
        var path = project.Write("a.cs", "class A;");
        using var alice = new McpClientOverHttp(daemon.Host.Port, await desk.AddAsync(daemon, "alice"));
        await alice.InitializeAsync();

        var refused = await alice.RequestAsync("tools/call", LinkClient.Call("chat", new JsonObject { ["prompt"] = "what is it?", ["files"] = new JsonArray(path) }));

        refused.ErrorCode().ShouldBe(ErrorCodes.FileDenied);
        daemon.Provider.Requests.ShouldBe(0);
    }

    [Theory, EveryStore]
    public async Task Limits_and_models_are_told_with_their_values(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var desk = await TokenDesk.OpenAsync(daemon);
        var limits = new TokenLimits { Concurrent = 1, Models = new ModelAllowance(["glm/glm-4.5-air"]) };
        await using var alice = await OpenAsync(daemon, await desk.AddAsync(daemon, "alice", limits), "session");
        var running = await alice.BeginAsync("tools/call", LinkClient.Chat("one"));
        var request = await daemon.Provider.ArrivedAsync();

        var second = await alice.RequestAsync("tools/call", LinkClient.Chat("two"));
        request.Answer("one");
        var first = await alice.EndAsync(running);
        var named = await alice.RequestAsync("tools/call", LinkClient.Call("chat", new JsonObject { ["prompt"] = "three", ["model"] = "glm-4.6" }));
        var models = await alice.RequestAsync("tools/call", LinkClient.Call("listmodels"));

        (second.ErrorCode(), (double?)second.Result()["_meta"]![MetaKeys.Error]!["retryAfterSecs"]).ShouldBe((ErrorCodes.OverCapacity, 2));
        second.Text().ShouldContain("may run 1 call at once");
        first.Receipt().Model.ShouldBe("glm-4.5-air");
        named.ErrorCode().ShouldBe(ErrorCodes.ModelNotFound);
        named.Text().ShouldContain("glm/glm-4.5-air");
        models.Text().ShouldContain("- glm-4.5-air");
        models.Text().ShouldNotContain("- glm-4.6");
    }

    /// <summary>A wrong token is final for a shim; a database that is away is not.</summary>
    [Fact]
    public async Task Database_is_away_from_the_start_a_named_token_is_asked_to_come_again_the_owner_is_let_in()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        using var server = new PostgresServer();
        server.Crash();
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_STORE", server.Url()));

        await using var unknown = await LinkClient.ConnectAsync(daemon.Host.Port, TokenSecret.New());
        await using var owner = await daemon.ConnectAsync();
        unknown.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        unknown.Headers[LinkContract.ReasonHeader].Single().ShouldContain("database");
        owner.Status.ShouldBe(HttpStatusCode.SwitchingProtocols);

        server.Start();
        var patience = Patience.Token();
        while (true)
        {
            await using var again = await LinkClient.ConnectAsync(daemon.Host.Port, TokenSecret.New());
            if (again.Status == HttpStatusCode.Unauthorized)
            {
                break;
            }

            patience.ThrowIfCancellationRequested();
        }
    }

    private static async Task<LinkClient> OpenAsync(DaemonFixture daemon, string secret, string session)
    {
        var client = await LinkClient.ConnectAsync(daemon.Host.Port, secret, session);
        client.Status.ShouldBe(HttpStatusCode.SwitchingProtocols);
        await client.InitializeAsync();
        return client;
    }

    /// <summary>Whether it came to a good end, and not by a cut connection.</summary>
    private static async Task<bool> EndsAsync(Task task)
    {
        try
        {
            await task;
            return true;
        }
        catch (Exception cut) when (cut is IOException or HttpRequestException or InvalidOperationException)
        {
            return false;
        }
    }

    private static IReadOnlyList<string> Names(JsonObject list) => [.. list.Result()["tools"]!.AsArray().Select(tool => (string)tool!["name"]!)];
}
