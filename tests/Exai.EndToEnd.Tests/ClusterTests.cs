using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;
using Exai.Testing.Stores;

namespace Exai.EndToEnd.Tests;

/// <summary>
/// Three daemons, each as far as it can tell on a host of its own, share a PostgreSQL server; a shim knows all of them, or the HAProxy before them.
/// </summary>
public sealed class ClusterTests(ITestOutputHelper output)
{
    private const string Token = "a-token-of-thirty-two-characters";

    private static readonly SimulatorRule[] Provider =
        [ProviderLog.Streams(500) with { PromptContains = "at length" }, ProviderLog.Streams(60)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_daemon_is_killed_in_mid_call_and_the_next_one_drains_and_every_call_is_answered_once(bool balanced)
    {
        await using var machine = await CreateAsync(balanced);
        var daemons = await StartDaemonsAsync(machine);
        int[] endpoints = balanced ? [Balancer.Start(machine, daemons).Port] : [.. daemons.Select(daemon => daemon.Health.Port)];
        var shim = await machine.StartClientAsync(
            ("EXAI_HOME", machine.Folder("shim")), ("EXAI_WS_PORT", null), ("EXAI_WS_ENDPOINTS", string.Join(',', endpoints.Select(port => $"127.0.0.1:{port}"))));
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        using var http = balanced ? await SayHelloAsync(endpoints.Single()) : null;

        // kill -9
        var killed = await LinkedAsync(daemons);
        var first = await shim.SendChatAsync("What is marker-kill?", token: "1");
        await machine.Simulator.AskedAsync("marker-kill", tokens: 10);
        var at = shim.Elapsed;
        var time = TimeProvider.System.GetUtcNow();
        killed.Kill();
        var reply = await shim.ReplyAsync(first);

        reply.IsError.ShouldBeFalse(reply.Text);
        reply.Text.ShouldContain("marker-kill");
        ((int)reply.Receipt["runs"]!).ShouldBe(2);
        var asked = machine.Simulator.Asked("marker-kill");
        asked.Count.ShouldBe(2);
        var second = await LinkedAsync(daemons.Where(daemon => daemon != killed));
        var linked = File.ReadLines(Directory.EnumerateFiles(Path.Combine(machine.Folder("shim"), "logs"), "shim-*.log").Single()).Last(line => line.Contains("Connected to daemon", StringComparison.Ordinal));
        output.WriteLine($"kill -9: runs at another daemon after {(asked[1].At - time).TotalMilliseconds:0} ms, answered after {(reply.Line.At - at).TotalMilliseconds:0} ms; {linked}");
        (asked[1].At - time).ShouldBeLessThan(TimeSpan.FromSeconds(10));

        // SIGTERM
        var held = await shim.SendChatAsync("What is marker-drain, at length?");
        await machine.Simulator.AskedAsync("marker-drain", tokens: 10);
        second.Terminate();
        await Patience.ForAsync("the last daemon has the link", () => daemons.Single(daemon => daemon != killed && daemon != second).Sessions == 1);
        var moved = await shim.ChatAsync("What is marker-moved?");
        shim.Responses(held).ShouldBeEmpty("the daemon that drains is still at it");
        moved.Text.ShouldContain("marker-moved");
        var finished = await shim.ReplyAsync(held);

        finished.Text.ShouldContain("marker-drain");
        ((int)finished.Receipt["runs"]!).ShouldBe(1);
        (await second.Process.EndedAsync()).ExitCode.ShouldBe(0);
        await shim.PingAsync();
        shim.Responses(first).Count.ShouldBe(1);
        shim.Responses(held).Count.ShouldBe(1);
        machine.Simulator.Asked("marker-drain").Count.ShouldBe(1);
        machine.Simulator.Asked("marker-moved").Count.ShouldBe(1);

        // Wherever the client over HTTP began, its session goes on at the daemon that is left; and the balancer shows nothing else of it.
        if (http is not null)
        {
            (await VersionAsync(http)).ShouldContain("EXAI");
            (await http.GetAsync("/handover", Patience.Token())).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }
    }

    private static async Task<ExaiHomeFixture> CreateAsync(bool balanced)
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        Assert.SkipWhen(balanced && BalancerSetup.Missing is not null, BalancerSetup.Missing ?? "");
        Assert.SkipUnless(Environment.UserName == "root", "Only root may give a process a host of its own.");
        return await ExaiHomeFixture.CreateAsync(Provider, ("EXAI_STORE", PostgresServer.Shared.CreateDatabase()), ("EXAI_WS_TOKEN", Token));
    }

    private static Task<HostedDaemon[]> StartDaemonsAsync(ExaiHomeFixture machine) =>
        Task.WhenAll(Enumerable.Range(1, 3).Select(number => HostedDaemon.StartAsync(machine, $"daemon{number}")));

    private static Task<HostedDaemon> LinkedAsync(IEnumerable<HostedDaemon> daemons) =>
        Patience.ForAsync("a daemon with the link", () => daemons.FirstOrDefault(daemon => daemon.Sessions > 0));

    /// <summary>A client of <c>/mcp</c> that has a session.</summary>
    private static async Task<HttpClient> SayHelloAsync(int port)
    {
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        http.DefaultRequestHeaders.Accept.ParseAdd("application/json, text/event-stream");
        using var hello = await PostAsync(http, "initialize", ShimProcess.HelloParameters());
        http.DefaultRequestHeaders.Add("Mcp-Session-Id", hello.Headers.GetValues("Mcp-Session-Id").Single());
        return http;
    }

    private static async Task<string> VersionAsync(HttpClient http)
    {
        using var answer = await PostAsync(http, "tools/call", new JsonObject { ["name"] = "version", ["arguments"] = new JsonObject() });
        return await answer.Content.ReadAsStringAsync(Patience.Token());
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient http, string method, JsonObject parameters)
    {
        var answer = await http.PostAsJsonAsync("/mcp", new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = method, ["params"] = parameters }, Patience.Token());
        return answer.EnsureSuccessStatusCode();
    }
}
