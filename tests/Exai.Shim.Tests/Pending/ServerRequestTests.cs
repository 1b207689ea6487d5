namespace Exai.Shim.Tests.Pending;

/// <summary>Checklist rule 12: each daemon counts its requests from 1, and an answer must not reach another one's.</summary>
public sealed class ServerRequestTests
{
    private const string Elicit = """{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"message":"Sure?","x-unknown":[1.0]}}""";

    [Fact]
    public void Request_of_the_daemon_is_shown_under_an_id_of_its_connection_and_answered_under_its_own() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.Connection.Push(Elicit);
        var shown = await rig.Client.LineAsync(line => line.Method == "elicitation/create", "the request");
        shown.Text.ShouldBe(Elicit.Replace("\"id\":1", "\"id\":\"s1-1\"", StringComparison.Ordinal));

        rig.Send("""{"jsonrpc":"2.0","result":{"action":"accept"},"id":"s1-1"}""");
        await rig.UntilAsync(() => rig.Daemon.Received.Any(message => message.Json["result"] is not null), "the answer");
        rig.Daemon.Received.Last().Text.ShouldBe("""{"jsonrpc":"2.0","result":{"action":"accept"},"id":1}""");

        // A second answer is nobody's.
        rig.Send("""{"jsonrpc":"2.0","result":{"action":"decline"},"id":"s1-1"}""");
        await rig.PassAsync(1);
        rig.Daemon.Received.Count(message => message.Json["result"] is not null).ShouldBe(1);
    });

    [Fact]
    public void Request_open_at_the_cut_is_cancelled_at_once_and_its_late_answer_reaches_nobody() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.Connection.Push(Elicit);
        await rig.Client.LineAsync(line => line.Method == "elicitation/create", "the request");
        rig.Daemon.Kill();
        var cancelled = await rig.Client.LineAsync(line => line.Method == "notifications/cancelled", "its cancel", TimeSpan.FromSeconds(1));
        ((string?)cancelled.Json["params"]!["requestId"]).ShouldBe("s1-1");

        rig.Daemon.Start();
        await rig.LinkAsync();
        rig.Daemon.Connection.Push(Elicit);
        await rig.Client.LineAsync(line => line.IdJson == "\"s2-1\"", "the new request");
        rig.Send("""{"jsonrpc":"2.0","id":"s1-1","result":{"action":"accept"}}""");
        await rig.PassAsync(1);
        rig.Daemon.Received.ShouldNotContain(message => message.Json["result"] != null);
        rig.Client.Notifications("notifications/cancelled").ShouldHaveSingleItem();

        rig.Send("""{"jsonrpc":"2.0","id":"s2-1","error":{"code":-1,"message":"no"}}""");
        await rig.UntilAsync(() => rig.Daemon.Connection.Received.Any(message => message.Json["error"] is not null), "the answer");
        rig.Daemon.Connection.Received.Last().Text.ShouldBe("""{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}""");
    });

    [Fact]
    public void Request_that_the_daemon_cancels_is_cancelled_under_the_id_that_the_client_knows() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.Connection.Push(Elicit);
        await rig.Client.LineAsync(line => line.Method == "elicitation/create", "the request");
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"late","requestId":1}}""");
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}""");

        (await rig.Client.LineAsync(line => line.Method == "notifications/cancelled", "its cancel", TimeSpan.FromSeconds(1))).Text
            .ShouldBe("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"late","requestId":"s1-1"}}""");
        rig.Send("""{"jsonrpc":"2.0","id":"s1-1","result":{}}""");
        await rig.PassAsync(1);
        rig.Daemon.Received.ShouldNotContain(message => message.Json["result"] != null);
        rig.Client.Notifications("notifications/cancelled").ShouldHaveSingleItem();
    });

    [Fact]
    public void Answer_without_a_link_reaches_nobody() => ShimRig.Run(async rig =>
    {
        rig.Send("""{"jsonrpc":"2.0","id":"s1-1","result":{}}""");
        await rig.ReadyAsync();
        rig.Daemon.Received.ShouldNotContain(message => message.Json["result"] != null);
        rig.Client.Lines.Count.ShouldBe(1);
    });
}
