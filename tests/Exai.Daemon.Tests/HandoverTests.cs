using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Net.WebSockets;
using Exai.Settings.Home;
using Exai.Testing.Stores;

namespace Exai.Daemon.Tests;

/// <summary>One daemon takes over from another in the same home.</summary>
public sealed class HandoverTests
{
    [Theory]
    [InlineData("POST", null, HttpStatusCode.Unauthorized)]
    [InlineData("POST", "a-wrong-token-of-some-length", HttpStatusCode.Unauthorized)]
    [InlineData("GET", DaemonFixture.Token, HttpStatusCode.NotFound)]
    public async Task Who_may_not_ask_changes_nothing(string method, string? token, HttpStatusCode status)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://127.0.0.1:{daemon.Host.Port}/handover");
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);

        using var response = await http.SendAsync(request, Patience.Token());

        response.StatusCode.ShouldBe(status);
        daemon.Host.MadeWay.IsCompleted.ShouldBeFalse();
        await using var link = await daemon.OpenAsync();
        (await link.RequestAsync("tools/list")).Result()["tools"]!.AsArray().ShouldNotBeEmpty();
    }

    [Theory, EveryStore]
    public async Task Successor_listens_at_the_same_port_while_the_links_of_the_first_go_on_until_it_retires(StoreEngine store)
    {
        await using var daemon = await DaemonFixture.StartAsync(store);
        await using var link = await daemon.OpenAsync("one");
        var call = await link.BeginAsync("tools/call", LinkClient.Chat("Hello?"));
        var asked = await daemon.Provider.ArrivedAsync();

        await using var next = await DaemonHost.StartAsync(daemon.Settings, daemon.Log, TimeProvider.System, TestContext.Current.CancellationToken, Succession.Overlap);

        next.Port.ShouldBe(daemon.Host.Port);
        await daemon.Host.MadeWay.WaitAsync(Patience.Token());
        (await daemon.HealthAsync(health => health.Epoch == next.Epoch)).Pid.ShouldBe(Environment.ProcessId);
        link.State.ShouldBe(WebSocketState.Open);
        var retiring = daemon.Host.RetireAsync(CancellationToken.None);
        await Should.ThrowAsync<InvalidOperationException>(() => link.EndAsync(call), "the shim is sent to the next daemon");
        ((int?)link.CloseStatus).ShouldBe(1012);
        link.Notifications.ShouldContain(note => (string?)note["method"] == "exai/draining" && (string?)note["params"]!["epoch"] == daemon.Host.Epoch);
        retiring.IsCompleted.ShouldBeFalse("its call still runs");

        asked.Answer("Hello.");
        await retiring.WaitAsync(Patience.Token());
        await daemon.StopAsync();
        HealthFile.TryRead(daemon.Home)!.Epoch.ShouldBe(next.Epoch, "the file is the successor's");
    }

    /// <summary>Found by torture: the restart failed and said that the dead daemon still serves.</summary>
    [Fact]
    public async Task Daemon_that_dies_while_it_is_asked_to_make_way_is_followed_at_once()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var dying = new TcpListener(IPAddress.Loopback, 0);
        dying.Start();
        var health = HealthFile.TryRead(daemon.Home)! with { Port = ((IPEndPoint)dying.LocalEndpoint).Port };
        await daemon.StopAsync();
        using var itsLock = ExclusiveLock.TryAcquire(daemon.Home.ServeLock).ShouldNotBeNull();
        HealthFile.Write(daemon.Home, health);

        var starting = DaemonHost.StartAsync(daemon.Settings, daemon.Log, TimeProvider.System, TestContext.Current.CancellationToken, Succession.Overlap);
        using (await dying.AcceptSocketAsync(TestContext.Current.CancellationToken))
        {
            itsLock.Dispose();
        }

        await using var next = await starting;
        HealthFile.TryRead(daemon.Home)!.Epoch.ShouldBe(next.Epoch);
    }
}
