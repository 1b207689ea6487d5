using Exai.Protocol;
using Exai.Testing.Stores;

namespace Exai.Daemon.Tests.Link;

/// <summary>Two daemons on one database: a shim may come to either.</summary>
public sealed class SharedStoreTests
{
    [Fact]
    public async Task Call_runs_in_one_daemon_its_client_waits_at_the_other_and_gets_progress_and_answer()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var store = PostgresServer.Shared.CreateDatabase();
        await using var left = await DaemonFixture.StartAsync(("EXAI_STORE", store), ("EXAI_WS_PROGRESS_INTERVAL_SECS", "0.1"));
        await using var right = await DaemonFixture.StartAsync(("EXAI_STORE", store), ("EXAI_WS_PROGRESS_INTERVAL_SECS", "0.1"));
        await using var first = await left.OpenAsync("session");
        var callId = LinkClient.ChatCallId();
        await first.BeginAsync("tools/call", LinkClient.Chat("hello", callId));
        var request = await left.Provider.ArrivedAsync();
        first.Cut();

        await using var second = await right.OpenAsync("session");
        var again = await second.BeginAsync("tools/call", LinkClient.Chat("hello", callId, progressToken: "p"));
        // Until it tells what the other daemon says: whom it waits for.
        while (!second.Notifications.Any(note => note.ToJsonString().Contains("glm-4.6", StringComparison.Ordinal)))
        {
            await second.RequestAsync("ping");
        }

        request.Answer("from the left");
        var response = await second.EndAsync(again);

        response.Text().ShouldStartWith("from the left");
        response.Receipt().Recovered.ShouldBe(RecoveredHow.Replayed);
        (left.Provider.Requests, right.Provider.Requests).ShouldBe((1, 0));
    }

    [Fact]
    public async Task Call_is_cancelled_at_the_other_daemon_the_one_that_runs_it_ends_it()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var store = PostgresServer.Shared.CreateDatabase();
        // A lease so long that its renewal, when cancels are looked for anyway, is far away.
        await using var left = await DaemonFixture.StartAsync(("EXAI_STORE", store), ("EXAI_CALL_LEASE_SECS", "600"));
        await using var right = await DaemonFixture.StartAsync(("EXAI_STORE", store));
        await using var first = await left.OpenAsync("session");
        var callId = LinkClient.ChatCallId();
        var call = await first.BeginAsync("tools/call", LinkClient.Chat("hello", callId));
        var request = await left.Provider.ArrivedAsync();

        await using var second = await right.OpenAsync("another session");
        await second.RequestAsync("tools/call", LinkClient.Call("job_cancel", new System.Text.Json.Nodes.JsonObject { ["job_id"] = callId }));

        await request.GivenUp.Task.WaitAsync(Patience.Token());
        (await first.EndAsync(call)).ErrorCode().ShouldBe(ErrorCodes.Cancelled);
    }

    [Fact]
    public async Task Thread_begun_at_one_daemon_goes_on_at_the_other()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var store = PostgresServer.Shared.CreateDatabase();
        await using var left = await DaemonFixture.StartAsync(("EXAI_STORE", store));
        await using var right = await DaemonFixture.StartAsync(("EXAI_STORE", store));
        left.Provider.Open = right.Provider.Open = true;
        await using var first = await left.OpenAsync("session");
        var thread = (await first.RequestAsync("tools/call", LinkClient.Chat("hello"))).Receipt().ThreadId!;

        await using var second = await right.OpenAsync("session");
        var response = await second.RequestAsync(
            "tools/call", LinkClient.Call("chat", new System.Text.Json.Nodes.JsonObject { ["prompt"] = "and on", ["continuation_id"] = thread }));

        response.IsError().ShouldBeFalse();
        response.Receipt().ThreadId.ShouldBe(thread);
        right.Provider.Requests.ShouldBe(1);
    }
}
