using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Testing.Shim;

namespace Exai.Shim.Tests.Eras;

/// <summary>The era without a handshake, and clients that use both. Checklist rules 3, 4 and 15; trap 139.</summary>
public sealed class EraTests
{
    [Fact]
    public void Discover_without_daemon_is_answered_at_once_and_with_the_same_bytes_later() => ShimRig.Run(async rig =>
    {
        var asked = rig.Time.GetUtcNow();
        rig.Discover("1");
        var down = await rig.Client.ResponseAsync("1");
        (down.At - asked).ShouldBeLessThan(TimeSpan.FromMilliseconds(500));
        down.Result!.ToJsonString().ShouldBe(ModernResults.Discover().ToJsonString());

        await rig.ModernReadyAsync();
        rig.Discover("2");
        (await rig.Client.ResponseAsync("2")).Text.ShouldBe(down.Text.Replace("\"id\":1", "\"id\":2", StringComparison.Ordinal));
    });

    [Fact]
    public void Link_begins_with_a_discover_of_the_shims_own_and_no_handshake_on_every_connect() => ShimRig.Run(async rig =>
    {
        await rig.ModernReadyAsync();
        rig.Daemon.Restart();
        await rig.ModernLinkAsync();

        rig.Daemon.Connections.Count.ShouldBe(2);
        foreach (var connection in rig.Daemon.Connections)
        {
            connection.Era.ShouldBe(LinkContract.ModernEra);
            connection.Received[0].Method.ShouldBe(ModernProtocol.Discover);
            connection.Received[0].IdJson!.ShouldStartWith("\"exai:");
            connection.Received.ShouldAllBe(message => (string?)message.Json["params"]!["_meta"]![ModernProtocol.VersionKey] == ModernProtocol.Version);
            connection.Received.ShouldAllBe(message => message.Json["params"]!["_meta"]![ModernProtocol.CapabilitiesKey] is JsonObject);
            connection.Received.ShouldNotContain(message => message.Method == "initialize" || message.Method == "ping");
        }

        rig.Client.Lines.ShouldNotContain(line => line.Text.Contains("exai:"));
    });

    [Fact]
    public void Client_that_discovers_and_then_initializes_is_served_over_two_links_of_one_era_each() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Start();
        rig.Discover("1");
        rig.Initialize(id: "2");
        rig.Initialized();
        rig.ListTools("3");
        rig.ModernCall("4");
        rig.Call("5");

        (await rig.Client.ResponseAsync("1")).Result!["supportedVersions"].ShouldNotBeNull();
        ((string?)(await rig.Client.ResponseAsync("2")).Result!["protocolVersion"]).ShouldBe("2025-06-18");
        (await rig.Client.ResponseAsync("3")).Result!["tools"]!.AsArray().ShouldNotBeEmpty();
        (await rig.Client.ResponseAsync("4")).IsToolError.ShouldBeFalse();
        (await rig.Client.ResponseAsync("5")).IsToolError.ShouldBeFalse();

        rig.Daemon.Connections.Select(connection => connection.Era).Order().ShouldBe([LinkContract.LegacyEra, LinkContract.ModernEra]);
        rig.Daemon.Dials.Select(dial => dial.Endpoint.SessionId).Distinct().ShouldHaveSingleItem();
        rig.Daemon.Link(LinkContract.ModernEra).Received.ShouldAllBe(message => IsModern(message));
        rig.Daemon.Link(LinkContract.LegacyEra).Received.ShouldAllBe(message => !IsModern(message));
    });

    [Fact]
    public void Client_of_one_era_has_no_link_of_the_other() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.Client.ResponseAsync("1");
        await rig.PassAsync(30);

        rig.Daemon.Dials.ShouldHaveSingleItem().Endpoint.Era.ShouldBe(LinkContract.LegacyEra);
    });

    [Fact]
    public void Daemon_killed_between_two_calls_and_during_a_third_answers_each_once() => ShimRig.Run(async rig =>
    {
        await rig.ModernReadyAsync();
        rig.ModernCall("1");
        await rig.Client.ResponseAsync("1");
        rig.Daemon.Kill();
        rig.ModernCall("2");
        await rig.PassAsync(3);
        rig.Daemon.Start();
        (await rig.Client.ResponseAsync("2")).IsToolError.ShouldBeFalse();

        rig.Daemon.AnswersCalls = false;
        rig.ModernCall("3");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 3, "the third call");
        rig.Daemon.Restart();
        await rig.UntilAsync(() => rig.Daemon.Call(2).Sent.Count == 2, "the third call again");
        rig.Daemon.Call(2).Answer();

        (await rig.Client.ResponseAsync("3")).IsToolError.ShouldBeFalse();
        rig.Daemon.Call(2).Sent[1].Bytes.ShouldBe(rig.Daemon.Call(2).Sent[0].Bytes);
        foreach (var id in (string[])["1", "2", "3"])
        {
            rig.Client.Responses(id).ShouldHaveSingleItem();
        }
    });

    [Theory]
    [InlineData("ping")]
    [InlineData("logging/setLevel")]
    [InlineData("resources/subscribe")]
    public void Method_of_the_other_era_is_unknown(string method) => ShimRig.Run(async rig =>
    {
        rig.Modern("1", method);

        (await rig.Client.ResponseAsync("1", TimeSpan.FromMilliseconds(100))).RpcErrorCode.ShouldBe(-32601);
    });

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"server/discover"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol\/protocolVersion":"2026-07-28","io.modelcontextprotocol\/clientCapabilities":1}}}""")]
    public void Request_without_its_metadata_is_refused_and_initialize_works_after_it(string request) => ShimRig.Run(async rig =>
    {
        rig.Send(request);
        (await rig.Client.ResponseAsync("1")).RpcErrorCode.ShouldBe(-32602);

        rig.Initialize(id: "2");
        (await rig.Client.ResponseAsync("2")).Result.ShouldNotBeNull();
        rig.ListTools("3");
        (await rig.Client.ResponseAsync("3")).Result!["tools"]!.AsArray().ShouldNotBeEmpty();
    });

    [Fact]
    public void Message_that_names_no_era_is_of_the_one_in_which_the_client_began() => ShimRig.Run(async rig =>
    {
        rig.Discover("1");
        rig.ListTools("2");
        (await rig.Client.ResponseAsync("2")).RpcErrorCode.ShouldBe(-32602);

        rig.Initialize(id: "3");
        rig.ListTools("4");
        (await rig.Client.ResponseAsync("4")).Result!["ttlMs"].ShouldBeNull();
    });

    [Fact]
    public void Later_version_is_refused_with_those_that_work() => ShimRig.Run(async rig =>
    {
        rig.Modern("1", ModernProtocol.Discover, meta: ModernClient.Meta(version: "2031-01-01"));

        var error = (await rig.Client.ResponseAsync("1")).Json["error"]!;
        ((int)error["code"]!).ShouldBe(-32022);
        error["data"]!.ToJsonString().ShouldBe("""{"supported":["2026-07-28"],"requested":"2031-01-01"}""");
    });

    [Fact]
    public void Batch_has_no_room_for_the_other_era() => ShimRig.Run(async rig =>
    {
        rig.Initialize("2025-03-26");
        rig.Send("""[{"jsonrpc":"2.0","id":1,"method":"server/discover"},{"jsonrpc":"2.0","id":2,"method":"ping"}]""");

        (await rig.Client.ResponseAsync("1")).RpcErrorCode.ShouldBe(-32601);
        (await rig.Client.ResponseAsync("2")).Result.ShouldNotBeNull();
    });

    [Fact]
    public void Cancel_ends_a_call_of_the_era_and_no_line_follows() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ModernReadyAsync();
        rig.ModernCall("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Cancel("1");
        await rig.UntilAsync(() => rig.Daemon.Received.Any(message => message.Method == "notifications/cancelled"), "the cancel");
        rig.Daemon.Call().Answer();
        await rig.PassAsync(5);

        rig.Client.Responses("1").ShouldBeEmpty();
        rig.Daemon.Connections.ShouldHaveSingleItem().Era.ShouldBe(LinkContract.ModernEra);
    });

    [Fact]
    public void Frozen_daemon_is_noticed_by_the_probe_and_the_call_goes_to_the_next_link() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ModernReadyAsync();
        rig.ModernCall("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        var first = rig.Daemon.Link(LinkContract.ModernEra);
        rig.Daemon.AnswersPings = false;
        await rig.UntilAsync(() => first.WasDisposed, "the end of a silent link");
        first.Received.Count(message => message.Method == ModernProtocol.Discover).ShouldBe(2);
        rig.Daemon.AnswersPings = true;
        await rig.UntilAsync(() => rig.Daemon.Call().Sent.Count == 2, "the call on another link");
        rig.Daemon.Call().Answer();

        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
    });

    private static bool IsModern(FakeMessage message) => message.Json["params"]?["_meta"]?[ModernProtocol.VersionKey] is not null;
}
