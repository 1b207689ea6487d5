using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;

namespace Exai.EndToEnd.Tests;

/// <summary>Clients that speak the protocol's era without a handshake through a real shim. Checklist rules 3, 4 and 9.</summary>
public sealed class ModernEraTests
{
    [Fact]
    public async Task A_client_without_a_handshake_is_answered_once_although_its_daemon_is_killed_between_and_during_calls()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(200)]);
        var shim = machine.StartShim();
        var discovered = await shim.RequestAsync(ModernProtocol.Discover, Modern([]));
        discovered.Message["result"]!["supportedVersions"]!.AsArray().Select(version => (string)version!).ShouldBe([ModernProtocol.Version]);
        var listen = await shim.SendRequestAsync(ModernProtocol.Listen, Modern(new() { ["notifications"] = new JsonObject { ["toolsListChanged"] = true } }));
        await shim.LineAsync("the acknowledgement", line => line.Method == ModernProtocol.Acknowledged);
        var first = await ChatAsync(shim, "What is marker-first?");
        first.Text.ShouldContain("marker-first");

        var daemon = await machine.Daemon.RunningAsync();
        await machine.Daemon.KillAsync();
        var between = await SendChatAsync(shim, "What is marker-between?");
        (await shim.ReplyAsync(between)).Text.ShouldContain("marker-between");
        (await machine.Daemon.RunningAsync(otherThan: daemon.Epoch)).Pid.ShouldNotBe(daemon.Pid);

        var during = await SendChatAsync(shim, "What is marker-during?");
        await machine.Simulator.AskedAsync("marker-during", tokens: 1);
        await machine.Daemon.KillAsync();
        var reply = await shim.ReplyAsync(during);
        reply.IsError.ShouldBeFalse(reply.Text);
        reply.Text.ShouldContain("marker-during");
        ((int?)reply.Receipt["runs"]).ShouldBe(2);

        var list = (await shim.RequestAsync("tools/list", Modern([]))).Message["result"]!;
        ((string?)list["resultType"]).ShouldBe("complete");
        ((long?)list["ttlMs"]).ShouldBe(60_000);
        foreach (var id in (string[])[between, during])
        {
            shim.Responses(id).Count.ShouldBe(1);
        }

        machine.Simulator.Asked("marker-between").Count.ShouldBe(1);
        shim.Responses(listen).ShouldBeEmpty();
        shim.Lines.Count(line => line.Method == ModernProtocol.Acknowledged).ShouldBe(1);
        shim.Lines.ShouldNotContain(line => line.Method == "notifications/tools/list_changed");
    }

    [Fact]
    public async Task A_client_that_discovers_and_then_initializes_is_served_in_both_eras()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(40)]);
        var shim = machine.StartShim();
        (await shim.RequestAsync(ModernProtocol.Discover, Modern([]))).Message["result"].ShouldNotBeNull();
        await shim.InitializeAsync();

        (await shim.ChatAsync("What is marker-legacy?")).Text.ShouldContain("marker-legacy");
        (await ChatAsync(shim, "What is marker-modern?")).Text.ShouldContain("marker-modern");
        (await shim.RequestAsync("tools/list")).Message["result"]!["ttlMs"].ShouldBeNull();
        (await shim.RequestAsync("tools/list", Modern([]))).Message["result"]!["ttlMs"].ShouldNotBeNull();
    }

    private static async Task<ToolReply> ChatAsync(ShimProcess shim, string prompt) => await shim.ReplyAsync(await SendChatAsync(shim, prompt));

    private static Task<string> SendChatAsync(ShimProcess shim, string prompt) =>
        shim.SendRequestAsync("tools/call", Modern(new() { ["name"] = "chat", ["arguments"] = new JsonObject { ["prompt"] = prompt } }));

    private static JsonObject Modern(JsonObject parameters)
    {
        parameters["_meta"] = new JsonObject
        {
            [ModernProtocol.VersionKey] = ModernProtocol.Version,
            [ModernProtocol.CapabilitiesKey] = new JsonObject(),
            [ModernProtocol.ClientInfoKey] = new JsonObject { ["name"] = "end-to-end", ["version"] = "1" },
        };
        return parameters;
    }
}
