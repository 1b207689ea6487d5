using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;
using Exai.Settings.Home;
using Exai.Simulator;

namespace Exai.EndToEnd.Tests;

/// <summary>Contract section 6: what was answered as running is found, ended and told of, whichever way and in whichever era its client speaks.</summary>
public sealed class JobAccessTests
{
    [Theory]
    [InlineData("stdio", false)]
    [InlineData("stdio", true)]
    [InlineData("http", false)]
    [InlineData("http", true)]
    public async Task A_running_job_is_listed_and_cancelled(string transport, bool modern)
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(4000)], ("EXAI_CLIENT_WAIT_SECS", "0.5"));
        using var client = await ConnectAsync(machine, transport, modern);

        var running = await client.CallAsync("chat", new JsonObject { ["prompt"] = "What is marker-ended?" });
        var request = await machine.Simulator.AskedAsync("marker-ended", tokens: 5);
        var job = (string)running["structuredContent"]!["job_id"]!;
        ((string?)running["structuredContent"]!["status"]).ShouldBe("running");

        Line(await client.CallAsync("job_list", []), job).ShouldContain("running  chat");
        var cancelled = await client.CallAsync("job_cancel", new JsonObject { ["job_id"] = job });
        Text(cancelled).ShouldBe($"Job {job} is cancelled.");

        await machine.Simulator.EndedAsync(request, SimulatorOutcome.ClientGone);
        Line(await client.CallAsync("job_list", []), job).ShouldContain("cancelled  chat");
        var claimed = await client.CallAsync("job_result", new JsonObject { ["job_id"] = job });
        ((string?)claimed["_meta"]![MetaKeys.Error]!["code"]).ShouldBe(ErrorCodes.Cancelled);
        Text(await client.CallAsync("job_cancel", new JsonObject { ["job_id"] = job })).ShouldBe($"Job {job} is cancelled.");
        foreach (var result in (JsonObject[])[running, cancelled, claimed])
        {
            ((string?)result["resultType"]).ShouldBe(modern ? "complete" : null);
        }

        machine.Simulator.Asked("marker-ended").Count.ShouldBe(1);
    }

    private static string Text(JsonObject result) => (string)result["content"]![0]!["text"]!;

    private static string Line(JsonObject list, string job) => Text(list).Split('\n').Single(line => line.StartsWith(job, StringComparison.Ordinal));

    private static async Task<JobClient> ConnectAsync(ExaiHomeFixture machine, string transport, bool modern)
    {
        if (transport == "stdio")
        {
            var shim = modern ? machine.StartShim() : await machine.StartClientAsync();
            return new JobClient(modern, async parameters => (await shim.RequestAsync("tools/call", parameters)).Message);
        }

        await machine.Daemon.StartAsync();
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{machine.Daemon.Health!.Port}/mcp") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TokenFile.TryRead(machine.Home));
        http.DefaultRequestHeaders.Accept.ParseAdd("application/json, text/event-stream");
        if (!modern)
        {
            using var hello = await PostAsync(http, "initialize", ShimProcess.HelloParameters());
            http.DefaultRequestHeaders.Add("Mcp-Session-Id", hello.Headers.GetValues("Mcp-Session-Id").Single());
        }

        return new JobClient(modern, async parameters =>
        {
            using var response = await PostAsync(http, "tools/call", parameters);
            var body = await response.Content.ReadAsStringAsync(Patience.Token());
            var messages = body.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => (JsonObject)JsonNode.Parse(line[6..])!);
            return messages.SingleOrDefault(message => message.ContainsKey("result")) ?? throw new InvalidOperationException($"{response.StatusCode}: {body}");
        })
        {
            Connection = http,
        };
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient http, string method, JsonObject parameters)
    {
        var body = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = method, ["params"] = parameters };
        using var request = new HttpRequestMessage(HttpMethod.Post, "") { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        if (parameters["_meta"]?[ModernProtocol.VersionKey] is not null)
        {
            request.Headers.Add("MCP-Protocol-Version", ModernProtocol.Version);
            request.Headers.Add("Mcp-Method", method);
            request.Headers.Add("Mcp-Name", (string)parameters["name"]!);
        }

        return await http.SendAsync(request, Patience.Token());
    }

    /// <summary>Calls tools in its era, whatever carries them.</summary>
    /// <param name="send">The parameters of a <c>tools/call</c> in, its response out.</param>
    private sealed class JobClient(bool modern, Func<JsonObject, Task<JsonObject>> send) : IDisposable
    {
        public IDisposable? Connection { get; init; }

        public async Task<JsonObject> CallAsync(string tool, JsonObject arguments)
        {
            var parameters = new JsonObject { ["name"] = tool, ["arguments"] = arguments };
            if (modern)
            {
                parameters["_meta"] = new JsonObject
                {
                    [ModernProtocol.VersionKey] = ModernProtocol.Version,
                    [ModernProtocol.CapabilitiesKey] = new JsonObject(),
                    [ModernProtocol.ClientInfoKey] = new JsonObject { ["name"] = "end-to-end", ["version"] = "1" },
                };
            }

            return (JsonObject)(await send(parameters))["result"]!;
        }

        public void Dispose() => Connection?.Dispose();
    }
}
