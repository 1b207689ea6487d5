using System.Text.Json.Nodes;
using Exai.Protocol;

namespace Exai.Shim.Tests.Lifecycle;

/// <summary>Checklist rules 5, 6 and 7; traps 29, 143, 144 and 154.</summary>
public sealed class ToolListTests
{
    private const string One = """{"tools":[{"name":"one","inputSchema":{"type":"object"}}]}""";
    private const string Two = """{"tools":[{"name":"one","inputSchema":{"type":"object"}},{"name":"two","inputSchema":{"type":"object"}}]}""";

    [Fact]
    public void List_on_a_fresh_machine_is_the_one_compiled_in() => ShimRig.Run(async rig =>
    {
        var asked = rig.Time.GetUtcNow();
        rig.ListTools("1");
        var list = await rig.Client.ResponseAsync("1");

        (list.At - asked).ShouldBeLessThan(TimeSpan.FromMilliseconds(300));
        JsonNode.DeepEquals(list.Result, ToolCatalogue.ListResult(ToolCatalogue.Select(ToolTier.Standard, [], []))).ShouldBeTrue();
    });

    [Fact]
    public void List_with_the_daemon_up_is_the_daemons_byte_for_byte_and_kept_for_the_next_shim() => ShimRig.Run(async rig =>
    {
        rig.Daemon.ToolList = """{"tools":[{"name":"one","inputSchema":{"type":"object"},"x":1.50}],"_meta":{"y":1}}""";
        await rig.ReadyAsync();
        rig.ListTools("1");
        (await rig.Client.ResponseAsync("1")).Text.ShouldBe($$"""{"jsonrpc":"2.0","id":1,"result":{{rig.Daemon.ToolList}}}""");
        rig.Daemon.Kill();
        await rig.SettleAsync();
        rig.ListTools("2");
        (await rig.Client.ResponseAsync("2")).Result!.ToJsonString().ShouldBe(rig.Daemon.ToolList);

        var entry = Directory.GetFiles(rig.Home.CacheDirectory).ShouldHaveSingleItem();
        Path.GetFileName(entry).ShouldContain(LinkContract.LegacyEra);
        File.ReadAllText(entry).ShouldBe(rig.Daemon.ToolList);
    });

    [Theory]
    [InlineData(One, true)]
    [InlineData("{\"tools\":[", false)]
    [InlineData("""{"tools":[]}""", false)]
    [InlineData("", false)]
    [InlineData("[]", false)]
    public void Cached_list_serves_a_shim_without_daemon_unless_it_is_damaged(string cached, bool serves) => ShimRig.Run(
        async rig =>
        {
            rig.ListTools("1");
            var tools = (await rig.Client.ResponseAsync("1", TimeSpan.FromMilliseconds(300))).Result!["tools"]!.AsArray();
            tools.ShouldNotBeEmpty();
            ((string?)tools[0]!["name"] == "one").ShouldBe(serves);
        },
        rig =>
        {
            Directory.CreateDirectory(rig.Home.CacheDirectory);
            File.WriteAllText(Path.Combine(rig.Home.CacheDirectory, $"tools-{LinkContract.LegacyEra}-{Product.Version}.json"), cached);
        });

    [Theory]
    [InlineData("""{"tools":[]}""")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("7")]
    public void List_that_is_none_is_answered_from_the_last_good_one(string none) => ShimRig.Run(async rig =>
    {
        rig.Daemon.ToolList = One;
        await rig.ReadyAsync();
        rig.ListTools("1");
        await rig.Client.ResponseAsync("1");
        rig.Daemon.ToolList = none;
        rig.ListTools("2");
        (await rig.Client.ResponseAsync("2", TimeSpan.FromSeconds(1))).Result!.ToJsonString().ShouldBe(One);

        // Nor is the client told to fetch it.
        rig.Daemon.Restart();
        await rig.LinkAsync();
        await rig.PassAsync(5);
        rig.Client.Notifications("notifications/tools/list_changed").ShouldBeEmpty();
    });

    [Fact]
    public void List_request_that_the_daemon_refuses_is_answered_from_the_last_good_one() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is "tools/list")
            {
                connection.Push($$$"""{"jsonrpc":"2.0","id":{{{message.IdJson}}},"error":{"code":-32603,"message":"busy"} }""");
            }

            return message.Method is "tools/list";
        };
        rig.ListTools("1");
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).Result!["tools"]!.AsArray().ShouldNotBeEmpty();
    });

    [Fact]
    public void List_request_that_the_daemon_does_not_answer_is_answered_after_five_seconds_and_its_late_answer_dropped() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.AnswersLists = false;
        var asked = rig.Time.GetUtcNow();
        rig.ListTools("1");
        ((await rig.Client.ResponseAsync("1")).At - asked).TotalSeconds.ShouldBeInRange(5, 6);
        rig.Daemon.Connection.Push($$"""{"jsonrpc":"2.0","id":1,"result":{{One}}}""");
        await rig.PassAsync(1);

        rig.Client.Responses("1").ShouldHaveSingleItem();
    });

    [Fact]
    public void List_request_whose_link_is_lost_is_answered_at_once() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.AnswersLists = false;
        rig.ListTools("1");
        await rig.SettleAsync();
        rig.Daemon.Kill();
        (await rig.Client.ResponseAsync("1", TimeSpan.FromMilliseconds(100))).Result!["tools"]!.AsArray().ShouldNotBeEmpty();
    });

    [Fact]
    public void Page_of_a_list_passes_but_is_not_kept() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.ListTools("5");
        await rig.Client.ResponseAsync("5");
        rig.Daemon.ToolList = """{"tools":[{"name":"page"}],"nextCursor":"2"}""";
        rig.ListTools("1");
        (await rig.Client.ResponseAsync("1")).Result!.ToJsonString().ShouldBe(rig.Daemon.ToolList);
        rig.Daemon.Kill();
        await rig.SettleAsync();
        rig.ListTools("2");
        (await rig.Client.ResponseAsync("2")).Result!.ToJsonString().ShouldNotContain("page");
    });

    [Theory]
    [InlineData(One, 0)]
    [InlineData("""{ "tools" : [{"inputSchema":{"type":"object"}, "name":"one"}] }""", 0)]
    [InlineData(Two, 1)]
    public void Client_is_told_once_after_a_restart_with_other_tools_only(string after, int told) => ShimRig.Run(async rig =>
    {
        rig.Daemon.ToolList = One;
        await rig.ReadyAsync();
        rig.ListTools("1");
        await rig.Client.ResponseAsync("1");
        rig.Daemon.ToolList = after;
        rig.Daemon.Restart();
        await rig.LinkAsync();
        await rig.PassAsync(10);
        rig.Daemon.Restart();
        await rig.LinkAsync();
        await rig.PassAsync(10);

        rig.Client.Notifications("notifications/tools/list_changed").Count().ShouldBe(told);
    });

    [Fact]
    public void Client_that_saw_the_list_compiled_in_is_told_of_the_daemons() => ShimRig.Run(async rig =>
    {
        rig.Initialize();
        rig.Initialized();
        rig.ListTools("1");
        await rig.Client.ResponseAsync("1");
        rig.Daemon.Start();
        await rig.Client.LineAsync(line => line.Method == "notifications/tools/list_changed", "the note", TimeSpan.FromSeconds(3));
        rig.ListTools("2");
        (await rig.Client.ResponseAsync("2")).Result!.ToJsonString().ShouldBe(rig.Daemon.ToolList);
    });

    [Fact]
    public void Five_changes_in_a_second_are_told_of_once_and_the_last_one_is_seen() => ShimRig.Run(async rig =>
    {
        rig.Daemon.ToolList = One;
        await rig.ReadyAsync();
        rig.ListTools("1");
        await rig.Client.ResponseAsync("1");
        for (var change = 0; change < 5; change++)
        {
            rig.Daemon.ToolList = $$"""{"tools":[{"name":"change-{{change}}"}]}""";
            rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");
            await rig.PassAsync(0.2);
        }

        await rig.PassAsync(10);
        rig.Client.Notifications("notifications/tools/list_changed").ShouldHaveSingleItem();
        rig.ListTools("2");
        (await rig.Client.ResponseAsync("2")).Text.ShouldContain("change-4");
    });

    [Fact]
    public void Change_that_comes_while_the_shim_fetches_is_not_lost() => ShimRig.Run(async rig =>
    {
        rig.Daemon.ToolList = One;
        await rig.ReadyAsync();
        rig.ListTools("1");
        await rig.Client.ResponseAsync("1");

        // The daemon reads its list, changes it, says so, and only then sends what it read.
        rig.Daemon.AnswersLists = false;
        rig.Daemon.Restart();
        await rig.LinkAsync();
        var connection = rig.Daemon.Connection;
        connection.Push("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");
        connection.Result(connection.Received.Last(message => message.Method == "tools/list"), One);
        (rig.Daemon.ToolList, rig.Daemon.AnswersLists) = (Two, true);

        await rig.Client.LineAsync(line => line.Method == "notifications/tools/list_changed", "the note", TimeSpan.FromSeconds(3));
    });

    [Fact]
    public void Client_that_has_not_said_initialized_is_told_only_after_it() => ShimRig.Run(async rig =>
    {
        rig.Daemon.ToolList = One;
        rig.Initialize();
        rig.ListTools("1");
        await rig.Client.ResponseAsync("1");
        rig.Daemon.Start();
        await rig.LinkAsync();
        await rig.PassAsync(10);
        rig.Client.Notifications("notifications/tools/list_changed").ShouldBeEmpty();
        rig.Initialized();
        await rig.Client.LineAsync(line => line.Method == "notifications/tools/list_changed", "the note", TimeSpan.FromSeconds(1));
    });

    [Fact]
    public void Progress_that_arrives_before_a_list_is_not_taken_for_it() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.AnswersLists = false;
        rig.ListTools("1");
        await rig.UntilAsync(() => rig.Daemon.Received.Count(message => message.Method == "tools/list") == 2, "the request");
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}""");
        rig.Daemon.Connection.Push($$"""{"jsonrpc":"2.0","id":1,"result":{{One}}}""");

        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).Result!.ToJsonString().ShouldBe(One);
    });
}
