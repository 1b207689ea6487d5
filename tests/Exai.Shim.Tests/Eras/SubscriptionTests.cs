using Exai.Protocol;
using Exai.Testing.Shim;

namespace Exai.Shim.Tests.Eras;

/// <summary><c>subscriptions/listen</c>, and news of the tool list in its era. Checklist rules 3 and 7.</summary>
public sealed class SubscriptionTests
{
    private const string Changed = "notifications/tools/list_changed";
    private const string Two = """{"tools":[{"name":"chat","inputSchema":{"type":"object"}},{"name":"two","inputSchema":{"type":"object"}}]}""";

    [Theory]
    [InlineData("7", "\"toolsListChanged\":true", """{"toolsListChanged":true}""")]
    [InlineData("\"l\"", "\"toolsListChanged\":true,\"promptsListChanged\":true", """{"toolsListChanged":true}""")]
    [InlineData("8", "\"toolsListChanged\":false", "{}")]
    public void Listen_without_daemon_is_acknowledged_at_once_with_what_will_come(string id, string wanted, string granted) => ShimRig.Run(async rig =>
    {
        rig.Listen(id, wanted);

        var acknowledged = await rig.Client.LineAsync(line => line.Method == ModernProtocol.Acknowledged, "the acknowledgement", TimeSpan.FromSeconds(1));
        acknowledged.Json["params"]!["notifications"]!.ToJsonString().ShouldBe(granted);
        Subscription(acknowledged).ShouldBe(id);
        rig.Client.Responses(id).ShouldBeEmpty();
    });

    [Fact]
    public void Listen_is_sent_again_unchanged_to_each_daemon_and_acknowledged_once() => ShimRig.Run(async rig =>
    {
        await rig.ModernReadyAsync();
        rig.Listen("\"l\"");
        for (var restart = 0; restart < 2; restart++)
        {
            await rig.UntilAsync(() => Listens(rig).Count == restart + 1, "the listen");
            rig.Daemon.Restart();
            await rig.ModernLinkAsync();
        }

        await rig.PassAsync(5);
        Listens(rig).Count.ShouldBe(3);
        Listens(rig).Select(listen => listen.Text).Distinct().ShouldHaveSingleItem();
        rig.Daemon.Received.ShouldNotContain(message => message.Method == "initialize");
        rig.Client.Notifications(ModernProtocol.Acknowledged).ShouldHaveSingleItem();
        rig.Client.Notifications(Changed).ShouldBeEmpty();
    });

    [Fact]
    public void Listen_that_a_daemon_ends_with_itself_goes_on_with_the_next() => ShimRig.Run(async rig =>
    {
        await rig.ModernReadyAsync();
        rig.Listen("1");
        await rig.UntilAsync(() => Listens(rig).Count == 1, "the listen");
        rig.Daemon.Connection.Result(Listens(rig)[0], """{"resultType":"complete"}""");
        rig.Daemon.Restart();
        await rig.UntilAsync(() => Listens(rig).Count == 2, "the listen on the next daemon");

        rig.Client.Responses("1").ShouldBeEmpty();
    });

    [Fact]
    public void Each_open_listen_that_wants_it_hears_once_that_the_tools_changed() => ShimRig.Run(async rig =>
    {
        await rig.ModernReadyAsync();
        rig.Modern("1", "tools/list");
        await rig.Client.ResponseAsync("1");
        rig.Listen("2");
        rig.Listen("\"two\"");
        rig.Listen("3", "\"promptsListChanged\":true");
        rig.Daemon.ToolList = Two;
        rig.Daemon.Restart();
        await rig.ModernLinkAsync();
        await rig.PassAsync(10);

        rig.Client.Notifications(Changed).Select(Subscription).Order().ShouldBe(["\"two\"", "2"]);
    });

    [Fact]
    public void Five_changes_in_a_second_are_told_of_once() => ShimRig.Run(async rig =>
    {
        await rig.ModernReadyAsync();
        rig.Modern("1", "tools/list");
        await rig.Client.ResponseAsync("1");
        rig.Listen("2");
        for (var change = 0; change < 5; change++)
        {
            rig.Daemon.ToolList = $$"""{"tools":[{"name":"change-{{change}}"}]}""";
            rig.Daemon.Connection.Push($$"""{"jsonrpc":"2.0","method":"{{Changed}}","params":{"_meta":{"{{ModernProtocol.SubscriptionKey}}":2} } }""");
            await rig.PassAsync(0.2);
        }

        await rig.PassAsync(10);
        Subscription(rig.Client.Notifications(Changed).ShouldHaveSingleItem()).ShouldBe("2");
    });

    [Fact]
    public void News_wait_for_the_first_listen() => ShimRig.Run(async rig =>
    {
        rig.Modern("1", "tools/list");
        await rig.Client.ResponseAsync("1");
        await rig.ModernReadyAsync();
        await rig.PassAsync(10);
        rig.Client.Notifications(Changed).ShouldBeEmpty();

        // The client saw the list compiled in, and the daemon's is another.
        rig.Listen("2");
        await rig.Client.LineAsync(line => line.Method == Changed, "the note", TimeSpan.FromSeconds(1));
        var order = rig.Client.Lines.Select(line => line.Method).OfType<string>().ToList();
        order.IndexOf(ModernProtocol.Acknowledged).ShouldBeLessThan(order.IndexOf(Changed));
    });

    [Fact]
    public void Client_with_a_handshake_hears_nothing_by_the_others_listen() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.ListTools("1");
        await rig.Client.ResponseAsync("1");
        rig.Modern("2", "tools/list");
        await rig.Client.ResponseAsync("2");
        rig.Listen("3");
        await rig.ModernLinkAsync();
        await rig.PassAsync(5);
        var before = rig.Client.Notifications(Changed).Count();
        rig.Daemon.ToolList = Two;
        rig.Daemon.Restart();
        await rig.PassAsync(10);

        // One for the era with a handshake, one for the open listen.
        rig.Client.Notifications(Changed).Skip(before).Select(Subscription).Order().ShouldBe([null, "3"]);
    });

    [Fact]
    public void Cancelled_listen_is_over_here_and_at_the_daemon() => ShimRig.Run(async rig =>
    {
        await rig.ModernReadyAsync();
        rig.Modern("1", "tools/list");
        await rig.Client.ResponseAsync("1");
        rig.Listen("2");
        await rig.UntilAsync(() => Listens(rig).Count == 1, "the listen");
        rig.Cancel("2");
        await rig.UntilAsync(() => rig.Daemon.Received.Any(message => message.Method == "notifications/cancelled"), "the cancel");
        rig.Daemon.ToolList = Two;
        rig.Daemon.Restart();
        await rig.ModernLinkAsync();
        await rig.PassAsync(10);

        Listens(rig).ShouldHaveSingleItem();
        rig.Client.Notifications(Changed).ShouldBeEmpty();
        rig.Client.Responses("2").ShouldBeEmpty();
    });

    [Fact]
    public void Listen_that_does_not_say_for_what_is_refused() => ShimRig.Run(async rig =>
    {
        rig.Modern("1", ModernProtocol.Listen);

        (await rig.Client.ResponseAsync("1")).RpcErrorCode.ShouldBe(-32602);
    });

    [Fact]
    public void More_listens_than_any_client_needs_are_refused_and_the_id_of_an_open_one_is_taken() => ShimRig.Run(async rig =>
    {
        for (var id = 1; id <= 101; id++)
        {
            rig.Listen($"{id}");
        }

        (await rig.Client.ResponseAsync("101")).RpcErrorCode.ShouldBe(-32603);
        rig.Modern("7", "tools/list");
        (await rig.Client.ResponseAsync("7")).RpcErrorCode.ShouldBe(-32600);
        rig.Client.Notifications(ModernProtocol.Acknowledged).Count().ShouldBe(100);
    });

    private static List<FakeMessage> Listens(ShimRig rig) => [.. rig.Daemon.Received.Where(message => message.Method == ModernProtocol.Listen)];

    private static string? Subscription(ClientLine line) => line.Json["params"]?["_meta"]?[ModernProtocol.SubscriptionKey]?.ToJsonString();
}
