using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.Daemon.Tests.Link;

/// <summary>A link of the protocol era without a handshake, opened with <c>Exai-Era: modern</c>. Trap 139; checklist rules 3, 4 and 7.</summary>
public sealed class ModernLinkTests
{
    [Theory, EveryStore]
    public async Task Link_of_the_modern_era_answers_without_a_handshake(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        daemon.Provider.Open = true;
        await using var link = await ConnectAsync(daemon);

        (await link.RequestAsync("server/discover", Modern([]))).Result().ToJsonString()
            .ShouldBe(ModernResults.Discover().ToJsonString(), "a shim answers the same bytes without a daemon");
        var tools = (await link.RequestAsync("tools/list", Modern([]))).Result();
        ((double?)tools["ttlMs"]).ShouldBe(60_000);
        ((string?)tools["cacheScope"]).ShouldBe("private");
        (await link.RequestAsync("tools/call", Modern(LinkClient.Chat("Hello?")))).Receipt().State.ShouldBe("succeeded");
    }

    [Theory, EveryStore]
    public async Task Link_of_one_era_refuses_the_other_so_a_session_has_one_for_each(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var modern = await ConnectAsync(daemon, session: "both");
        (await modern.RequestAsync("tools/list", Modern([]))).Result()["tools"]!.AsArray().ShouldNotBeEmpty();

        await using var legacy = await daemon.OpenAsync(session: "both");
        (await legacy.RequestAsync("tools/list")).Result()["tools"]!.AsArray().ShouldNotBeEmpty();

        (await modern.RequestAsync("tools/list", Modern([]))).Result()["tools"]!.AsArray().ShouldNotBeEmpty("the other link did not supersede this one");
        (await modern.RequestAsync("initialize", new JsonObject { ["protocolVersion"] = "2025-11-25" }))["error"].ShouldNotBeNull();
    }

    [Theory, EveryStore]
    public async Task Subscription_is_acknowledged_first_under_its_own_id(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var link = await ConnectAsync(daemon);

        var id = await link.BeginAsync("subscriptions/listen", Modern(new JsonObject { ["notifications"] = new JsonObject { ["toolsListChanged"] = true } }));

        var first = (await link.ReceiveAsync())!;
        ((string?)first["method"]).ShouldBe("notifications/subscriptions/acknowledged");
        first["params"]!["_meta"]!["io.modelcontextprotocol/subscriptionId"]!.ToJsonString().Trim('"').ShouldBe($"{id}");
    }

    private static Task<LinkClient> ConnectAsync(DaemonFixture daemon, string? session = null) => LinkClient.ConnectAsync(
        daemon.Host.Port, DaemonFixture.Token, session, options => options.SetRequestHeader(LinkContract.EraHeader, LinkContract.ModernEra));

    private static JsonObject Modern(JsonObject parameters)
    {
        var meta = parameters["_meta"] as JsonObject ?? [];
        parameters["_meta"] = meta;
        meta[ModernProtocol.VersionKey] = ModernProtocol.Version;
        meta[ModernProtocol.CapabilitiesKey] = new JsonObject();
        meta[ModernProtocol.ClientInfoKey] = new JsonObject { ["name"] = "test", ["version"] = "1" };
        return parameters;
    }
}
