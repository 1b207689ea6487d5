using Exai.Protocol;

namespace Exai.Shim.Tests.Lifecycle;

/// <summary>Checklist rules 1, 2, 15 and 16.</summary>
public sealed class HandshakeTests
{
    [Theory]
    [InlineData("2024-11-05", "2024-11-05")]
    [InlineData("2025-03-26", "2025-03-26")]
    [InlineData("2025-06-18", "2025-06-18")]
    [InlineData("2025-11-25", "2025-11-25")]
    [InlineData("1999-01-01", "2025-11-25")]
    public void Initialize_without_daemon_is_answered_at_once_with_a_version_that_works(string asked, string answered) => ShimRig.Run(async rig =>
    {
        var start = rig.Time.GetUtcNow();
        rig.Initialize(asked);

        var response = await rig.Client.ResponseAsync("0");

        ((string?)response.Result!["protocolVersion"]).ShouldBe(answered);
        (response.At - start).ShouldBeLessThan(TimeSpan.FromMilliseconds(500));
    });

    [Fact]
    public void Initialize_result_is_the_same_bytes_with_the_daemon_down_and_up() => ShimRig.Run(async rig =>
    {
        rig.Initialize();
        var down = await rig.Client.ResponseAsync("0");
        await rig.ReadyAsync();

        // Trap 138: any number of initialize requests, each answered.
        rig.Initialize(id: "9");
        var up = await rig.Client.ResponseAsync("9");

        up.Text.Replace("\"id\":9", "\"id\":0", StringComparison.Ordinal).ShouldBe(down.Text);
    });

    [Fact]
    public void Initialize_with_a_broken_client_name_is_answered() => ShimRig.Run(async rig =>
    {
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"half a \ud83d pair","version":"1"}}}""");

        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).Result.ShouldNotBeNull();
    });

    [Fact]
    public void Replay_comes_first_and_in_order_on_every_connect_although_the_client_floods_calls() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        rig.Initialize();
        rig.Initialized();
        rig.Send("""{"jsonrpc":"2.0","id":"lvl","method":"logging/setLevel","params":{"level":"warning"}}""");
        var flood = Task.CompletedTask;
        for (var round = 0; round < 3; round++)
        {
            flood = FloodAsync(rig, round);
            rig.Daemon.Start();
            await rig.LinkAsync();
            await flood;
            rig.Daemon.Kill();
        }

        rig.Daemon.Connections.Count.ShouldBe(3);
        foreach (var connection in rig.Daemon.Connections)
        {
            connection.Received.Take(4).Select(message => message.Method).ShouldBe(["initialize", "notifications/initialized", "logging/setLevel", "ping"]);
            connection.Received[0].IdJson!.ShouldStartWith("\"exai:");
            connection.Received[0].Json["params"]!.ToJsonString().ShouldBe("""{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{}},"clientInfo":{"name":"test-client","version":"1"}}""");
            connection.Received[2].Json["params"]!.ToJsonString().ShouldBe("""{"level":"warning"}""");
        }

        // The client sees one result for its one initialize, and none of the shim's own.
        rig.Client.Lines.Count(line => line.Result?["protocolVersion"] is not null).ShouldBe(1);
        rig.Client.Lines.ShouldNotContain(line => line.Text.Contains("exai:"));

        static async Task FloodAsync(ShimRig rig, int round)
        {
            for (var call = 0; call < 50; call++)
            {
                rig.Call($"{1000 + (round * 100) + call}");
                await rig.PassAsync(0.01);
            }
        }
    });

    [Fact]
    public void Replay_of_a_client_that_never_said_initialize_still_shakes_hands() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Start();
        rig.Call("1");

        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
        rig.Daemon.Received.First().Method.ShouldBe("initialize");
    });

    [Fact]
    public void Log_level_set_on_a_living_link_reaches_the_daemon() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"debug"}}""");
        (await rig.Client.ResponseAsync("1")).Text.ShouldBe("""{"jsonrpc":"2.0","id":1,"result":{}}""");

        await rig.UntilAsync(() => rig.Daemon.Received.Any(message => message.Method == "logging/setLevel"), "the level");
        rig.Daemon.Received.Single(message => message.Method == "logging/setLevel").Json["params"]!.ToJsonString().ShouldBe("""{"level":"debug"}""");
        rig.Client.Responses("1").Count().ShouldBe(1);
    });

    [Fact]
    public void Log_level_set_while_the_link_is_validated_reaches_the_daemon() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersPings = false;
        rig.Daemon.Start();
        rig.Initialize();
        await rig.UntilAsync(() => rig.Daemon.Received.Any(message => message.Method == "ping"), "the probe");
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"error"}}""");
        await rig.Client.ResponseAsync("1");
        var connection = rig.Daemon.Connection;
        connection.Result(connection.Received.Single(message => message.Method == "ping"), "{}");

        await rig.UntilAsync(() => connection.Received.Any(message => message.Method == "logging/setLevel"), "the level", TimeSpan.FromSeconds(2));
    });

    [Fact]
    public void Ping_without_daemon_is_answered_at_once() => ShimRig.Run(async rig =>
    {
        var start = rig.Time.GetUtcNow();
        rig.Send("""{"jsonrpc":"2.0","id":"p","method":"ping"}""");

        var response = await rig.Client.ResponseAsync("\"p\"");

        response.Text.ShouldBe("""{"jsonrpc":"2.0","id":"p","result":{}}""");
        (response.At - start).ShouldBeLessThan(TimeSpan.FromMilliseconds(100));
    });

    [Fact]
    public void Batch_is_refused_and_the_next_message_works() => ShimRig.Run(async rig =>
    {
        rig.Send("""[{"jsonrpc":"2.0","id":1,"method":"ping"}]""");
        (await rig.Client.LineAsync(line => line.RpcErrorCode is -32600, "a refusal")).Json["id"].ShouldBeNull();
        rig.Send("""{"jsonrpc":"2.0","id":2,"method":"ping"}""");
        (await rig.Client.ResponseAsync("2")).Result.ShouldNotBeNull();
    });

    [Theory]
    [InlineData("{", -32700)]
    [InlineData("nonsense", -32700)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping"} {}""", -32700)]
    [InlineData("17", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1.5,"method":"ping"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"ping"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":7}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":"\ud800","method":"ping"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"\ud800"}""", -32600)]
    public void Malformed_line_is_answered_with_the_standard_error_and_the_next_one_works(string line, int code) => ShimRig.Run(async rig =>
    {
        rig.Send(line);
        (await rig.Client.LineAsync(answer => answer.RpcErrorCode is not null, "an error", TimeSpan.FromSeconds(1))).RpcErrorCode.ShouldBe(code);
        rig.Send("""{"jsonrpc":"2.0","id":2,"method":"ping"}""");
        (await rig.Client.ResponseAsync("2")).Result.ShouldNotBeNull();
    });

    [Fact]
    public void Manifest_advertises_nothing_that_the_product_lacks() =>
        ServerManifest.InitializeResult(null)["capabilities"]!.ToJsonString().ShouldBe("""{"tools":{"listChanged":true},"prompts":{}}""");
}
