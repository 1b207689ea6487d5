using System.Net.WebSockets;
using System.Text.Json.Nodes;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>Trap 169: a page's socket.</summary>
public sealed class LiveFeedTests
{
    [Fact]
    public async Task Page_gets_the_overview_at_once_and_sees_a_call_come_and_go()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var page = await OpenAsync(daemon);
        ((JsonArray)(await ReceiveAsync(page))!["running"]!).ShouldBeEmpty();
        await using var client = await daemon.OpenAsync();
        var asking = await client.BeginAsync("tools/call", LinkClient.Chat("hello"));
        var held = await daemon.Provider.ArrivedAsync();

        while (((JsonArray)(await ReceiveAsync(page))!["running"]!).Count == 0)
        {
        }

        held.Answer("done");
        await client.EndAsync(asking);
        while (((JsonArray)(await ReceiveAsync(page))!["running"]!).Count == 1)
        {
        }
    }

    [Fact]
    public async Task Daemon_ends_the_socket_is_closed_with_1000()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var page = await OpenAsync(daemon);
        await ReceiveAsync(page);

        var stopping = daemon.StopAsync();
        while (await ReceiveAsync(page) is not null)
        {
        }

        page.CloseStatus.ShouldBe(WebSocketCloseStatus.NormalClosure);
        await stopping;
    }

    [Fact]
    public async Task Pages_that_come_and_go_leave_nothing_in_the_log()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var before = daemon.Log.Entries.Count;
        for (var reload = 0; reload < 20; reload++)
        {
            using var page = await OpenAsync(daemon);
            await ReceiveAsync(page);
            page.Abort();
        }

        daemon.Log.Entries.Count.ShouldBe(before);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(null, "http://localhost:3000")]
    [InlineData("wrong", null)]
    public async Task Without_token_or_cookie_no_socket(string? token, string? origin)
    {
        await using var daemon = await DaemonFixture.StartAsync();

        await Should.ThrowAsync<WebSocketException>(OpenAsync(daemon, token, origin));
    }

    private static async Task<ClientWebSocket> OpenAsync(DaemonFixture daemon, string? token = DaemonFixture.Token, string? origin = null)
    {
        var socket = new ClientWebSocket();
        if (token is not null)
        {
            socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        }

        if (origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", origin);
        }

        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{daemon.Host.MonitoringPort}/api/v1/live"), Patience.Token());
        return socket;
    }

    private static async Task<JsonObject?> ReceiveAsync(ClientWebSocket socket)
    {
        var frame = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), Patience.Token());
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            frame.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
            {
                return (JsonObject)JsonNode.Parse(frame.ToArray())!;
            }
        }
    }
}
