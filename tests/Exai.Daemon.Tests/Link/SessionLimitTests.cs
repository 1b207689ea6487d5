using System.Net;
using System.Net.WebSockets;
using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.Daemon.Tests.Link;

/// <summary>SESSION_MAX_CONCURRENT on real sockets.</summary>
public sealed class SessionLimitTests
{
    [Theory, EveryStore]
    public async Task Longest_idle_session_is_closed_with_4001_and_the_others_go_on(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("SESSION_MAX_CONCURRENT", "2"));
        await using var idle = await daemon.OpenAsync("idle");
        await using var active = await daemon.OpenAsync("active");
        await active.RequestAsync("tools/call", LinkClient.Call("version"));

        await using var third = await daemon.OpenAsync("third");

        (await idle.ReceiveAsync()).ShouldBeNull();
        idle.CloseStatus.ShouldBe((WebSocketCloseStatus)LinkContract.GiveWayCloseCode);
        (await active.RequestAsync("tools/call", LinkClient.Call("version"))).IsError().ShouldBeFalse();
        (await third.RequestAsync("tools/call", LinkClient.Call("version"))).IsError().ShouldBeFalse();
    }

    [Theory, EveryStore]
    public async Task Newcomer_is_refused_with_reason_and_time_while_all_have_calls_running(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("SESSION_MAX_CONCURRENT", "1"));
        await using var busy = await daemon.OpenAsync("busy");
        var call = await busy.BeginAsync("tools/call", LinkClient.Chat("hello"));
        var request = await daemon.Provider.ArrivedAsync();

        await using var refused = await daemon.ConnectAsync("newcomer");

        refused.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        refused.Headers["Retry-After"].Single().ShouldBe("5");
        refused.Headers[LinkContract.ReasonHeader].Single().ShouldContain("SESSION_MAX_CONCURRENT=1");
        request.Answer("hello");
        (await busy.EndAsync(call)).IsError().ShouldBeFalse();
        await using var admitted = await daemon.OpenAsync("newcomer");
        (await admitted.RequestAsync("tools/call", LinkClient.Call("version"))).IsError().ShouldBeFalse();
    }

    [Theory, EveryStore]
    public async Task Shim_that_lost_its_link_under_a_call_finds_its_place_and_its_call(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store, ("SESSION_MAX_CONCURRENT", "1"));
        var lost = await daemon.OpenAsync("shim");
        var callId = LinkClient.ChatCallId();
        await lost.BeginAsync("tools/call", LinkClient.Chat("hello", callId));
        var request = await daemon.Provider.ArrivedAsync();
        lost.Cut();

        await using var other = await daemon.ConnectAsync("other");
        other.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await using var again = await daemon.OpenAsync("shim");
        var call = await again.BeginAsync("tools/call", LinkClient.Chat("hello", callId));
        request.Answer("hello");
        // The answer may be there before the call is.
        (await again.EndAsync(call)).Receipt().Recovered.ShouldBeOneOf(RecoveredHow.Attached, RecoveredHow.Replayed);
    }
}
