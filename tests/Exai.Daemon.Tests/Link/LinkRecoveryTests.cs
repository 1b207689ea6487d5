using System.Net;
using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.Daemon.Tests.Link;

/// <summary>Links that break, links that compete, and the daemon's end.</summary>
public sealed class LinkRecoveryTests
{
    /// <summary>Traps 22, 47: the call outlives its socket, and its id finds it again.</summary>
    [Theory, EveryStore]
    public async Task Socket_drops_the_call_runs_on_and_a_resend_attaches(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var first = await daemon.OpenAsync("session");
        var callId = LinkClient.ChatCallId();
        await first.BeginAsync("tools/call", LinkClient.Chat("hello", callId));
        var request = await daemon.Provider.ArrivedAsync();

        first.Cut();
        await using var second = await daemon.OpenAsync("session");
        var again = await second.BeginAsync("tools/call", LinkClient.Chat("hello", callId));
        await second.RequestAsync("ping");
        request.Answer("still here");

        var response = await second.EndAsync(again);
        response.Text().ShouldStartWith("still here");
        response.Receipt().Recovered.ShouldBe(RecoveredHow.Attached);
        daemon.Provider.Requests.ShouldBe(1);
        request.GivenUp.Task.IsCompleted.ShouldBeFalse();
    }

    /// <summary>Traps 23, 46: a result that nobody fetched is kept, for any session.</summary>
    [Theory, EveryStore]
    public async Task Call_ends_while_nobody_is_connected_the_result_is_kept(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var first = await daemon.OpenAsync();
        var callId = LinkClient.ChatCallId();
        await first.BeginAsync("tools/call", LinkClient.Chat("hello", callId));
        var request = await daemon.Provider.ArrivedAsync();
        await daemon.HealthAsync(health => health.Status == DaemonStatus.Busy);
        first.Cut();
        request.Answer("kept");
        await daemon.HealthAsync(health => health.Status == DaemonStatus.Ready);

        await using var second = await daemon.OpenAsync("another session");
        var response = await second.RequestAsync("tools/call", LinkClient.Chat("hello", callId));

        response.Text().ShouldStartWith("kept");
        response.Receipt().Recovered.ShouldBe(RecoveredHow.Replayed);
    }

    /// <summary>Traps 12, 48, 88: cancelled at the provider, and no response.</summary>
    [Theory, EveryStore]
    public async Task Client_cancels_the_provider_is_told_and_no_response_comes(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("EXAI_CANCEL_GRACE_SECS", "0"));
        await using var client = await daemon.OpenAsync();
        var callId = LinkClient.ChatCallId();
        var call = await client.BeginAsync("tools/call", LinkClient.Chat("hello", callId));
        var request = await daemon.Provider.ArrivedAsync();

        await client.SendAsync(Cancelled(call));
        await request.GivenUp.Task.WaitAsync(Patience.Token());
        await client.RequestAsync("ping");

        client.Notifications.ShouldBeEmpty();
        (await client.RequestAsync("tools/call", LinkClient.Chat("hello", callId))).ErrorCode().ShouldBe(ErrorCodes.Cancelled);
        daemon.Provider.Requests.ShouldBe(1);
    }

    [Theory, EveryStore]
    public async Task Client_cancels_and_sends_again_within_the_grace_the_call_goes_on(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var client = await daemon.OpenAsync();
        var callId = LinkClient.ChatCallId();
        var call = await client.BeginAsync("tools/call", LinkClient.Chat("hello", callId));
        var request = await daemon.Provider.ArrivedAsync();

        await client.SendAsync(Cancelled(call));
        // Answered behind the cancel, so that the answer to the call cannot overtake it.
        await client.RequestAsync("ping");
        var again = await client.BeginAsync("tools/call", LinkClient.Chat("hello", callId));
        request.Answer("saved");

        (await client.EndAsync(again)).Text().ShouldStartWith("saved");
        client.Notifications.ShouldBeEmpty();
    }

    /// <summary>Trap 49: the newest link of a session wins and keeps the session when the old one goes.</summary>
    [Theory, EveryStore]
    public async Task Newer_link_of_a_session_wins_the_older_is_closed_4002(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var older = await daemon.OpenAsync("session");
        await using var newer = await daemon.OpenAsync("session");

        (await older.ReceiveAsync()).ShouldBeNull();
        ((int)older.CloseStatus!).ShouldBe(LinkContract.SupersededCloseCode);

        (await newer.RequestAsync("ping")).Result().ShouldNotBeNull();
        (await daemon.HealthAsync(health => health.Sessions == 1)).ShouldNotBeNull();
    }

    [Theory, EveryStore]
    public async Task Links_of_two_sessions_live_side_by_side(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var left = await daemon.OpenAsync("left");
        await using var right = await daemon.OpenAsync("right");

        (await left.RequestAsync("ping")).Result().ShouldNotBeNull();
        (await right.RequestAsync("ping")).Result().ShouldNotBeNull();
    }

    /// <summary>Trap 9: a half-dead link takes nothing any more, and that must not hold up the one that replaces it.</summary>
    [Theory, EveryStore]
    public async Task Older_link_is_stuck_the_newer_is_served_at_once(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var stuck = await daemon.OpenAsync("session");
        await FillAsync(stuck);

        await using var newer = await daemon.OpenAsync("session");

        (await newer.RequestAsync("ping")).Result().ShouldNotBeNull();
    }

    [Theory, EveryStore]
    public async Task A_link_is_stuck_the_daemon_drains_and_ends_all_the_same(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var stuck = await daemon.OpenAsync("stuck");
        await FillAsync(stuck);
        await using var live = await daemon.OpenAsync("live");

        await daemon.Host.DrainAsync(CancellationToken.None).WaitAsync(Patience.Token());
        ((string?)(await live.ReceiveAsync())!["method"]).ShouldBe(LinkContract.DrainingNotification);
        await daemon.StopAsync().WaitAsync(Patience.Token());

        await live.EndAsync();
    }

    /// <summary>Trap 51: running calls are finished, new ones wait for the next daemon, and the links are told.</summary>
    [Theory, EveryStore]
    public async Task Drain_tells_the_links_finishes_what_runs_and_begins_nothing(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var client = await daemon.OpenAsync();
        var epoch = daemon.Host.Epoch;
        var running = await client.BeginAsync("tools/call", LinkClient.Chat("running"));
        var request = await daemon.Provider.ArrivedAsync();

        var draining = daemon.Host.DrainAsync(CancellationToken.None);
        var notification = (await client.ReceiveAsync()).ShouldNotBeNull();
        await client.BeginAsync("tools/call", LinkClient.Chat("too late"));
        await using var refused = await daemon.ConnectAsync();
        request.Answer("finished");
        var response = await client.EndAsync(running);
        await draining.WaitAsync(Patience.Token());
        // Read meanwhile, as a shim does: the end of the socket may overtake what waits to be read.
        var end = client.ReceiveAsync();
        await daemon.StopAsync();

        ((string?)notification["method"], (string?)notification["params"]!["epoch"]).ShouldBe((LinkContract.DrainingNotification, epoch));
        refused.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        response.Text().ShouldStartWith("finished");
        (await end).ShouldBeNull();
        ((int)client.CloseStatus!).ShouldBe(1012);
        daemon.Provider.Requests.ShouldBe(1);
    }

    [Theory, EveryStore]
    public async Task Drain_a_call_does_not_end_its_time_is_limited_and_no_answer_is_made_up(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("EXAI_DRAIN_SECS", "0.2"));
        await using var client = await daemon.OpenAsync();
        await client.BeginAsync("tools/call", LinkClient.Chat("endless"));
        var request = await daemon.Provider.ArrivedAsync();

        await daemon.Host.DrainAsync(CancellationToken.None).WaitAsync(Patience.Token());
        await daemon.StopAsync().WaitAsync(Patience.Token());

        ((string?)(await client.ReceiveAsync())!["method"]).ShouldBe(LinkContract.DrainingNotification);
        (await client.ReceiveAsync()).ShouldBeNull();
        ((int)client.CloseStatus!).ShouldBe(1012);
        await request.GivenUp.Task.WaitAsync(Patience.Token());
    }

    private static string Cancelled(int id) =>
        new JsonObject { ["jsonrpc"] = "2.0", ["method"] = "notifications/cancelled", ["params"] = new JsonObject { ["requestId"] = id } }.ToJsonString();

    /// <summary>Asks for far more than all buffers on the way hold, and reads nothing of it.</summary>
    private static async Task FillAsync(LinkClient client)
    {
        for (var i = 0; i < 15_000; i++)
        {
            await client.BeginAsync("tools/list");
        }
    }
}
