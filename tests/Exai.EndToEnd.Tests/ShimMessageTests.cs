using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.EndToEnd.Tests;

/// <summary>JSON-RPC on the shim's stdio: nothing that a client writes ends it or goes unanswered.</summary>
public sealed class ShimMessageTests
{
    private static readonly (string, string?)[] NoDaemon = [("EXAI_WS_AUTOSTART", "false")];

    [Theory]
    [InlineData("{ this is not json", -32700, "null")]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"ping"}]""", -32600, "null")]
    [InlineData("[]", -32600, "null")]
    [InlineData("""{"jsonrpc":"2.0","id":1.5,"method":"ping"}""", -32600, "null")]
    [InlineData("""{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}""", -32600, "null")]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":42}""", -32600, "7")]
    [InlineData("42", -32600, "null")]
    public async Task A_line_that_is_no_message_is_answered_with_an_error_and_the_next_message_works(string line, int code, string id)
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        var shim = machine.StartShim();

        await shim.SendAsync(line);
        var error = await shim.ResponseAsync(id);
        await shim.PingAsync();

        ((int?)error.Message["error"]!["code"]).ShouldBe(code);
        shim.Responses(id).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Ping_is_answered_by_the_shim_itself()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        var shim = await machine.StartClientAsync();

        var sentAt = shim.Elapsed;
        var pong = await shim.RequestAsync("ping");

        pong.Message["result"]!.ToJsonString().ShouldBe("{}");
        (pong.At - sentAt).ShouldBeLessThan(TimeSpan.FromMilliseconds(300));
    }

    [Fact]
    public async Task An_unknown_method_is_refused_without_a_daemon_and_left_to_the_daemon_when_there_is_one()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, NoDaemon);
        var shim = await machine.StartClientAsync();

        var refused = await shim.RequestAsync("foo/bar", new JsonObject { ["unknown"] = true });
        ((int?)refused.Message["error"]!["code"]).ShouldBe(-32603);
        ((string?)refused.Message["error"]!["message"])!.ShouldContain("not reachable");

        await machine.Daemon.StartAsync();
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        var unknown = await shim.RequestAsync("foo/bar", new JsonObject { ["unknown"] = true });
        ((int?)unknown.Message["error"]!["code"]).ShouldBe(-32601);
    }

    [Fact]
    public async Task The_number_1_and_the_text_1_in_flight_together_each_get_their_own_answer()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(60)]);
        var shim = await machine.StartClientAsync();

        await shim.SendChatAsync("What is marker-number?", id: "1");
        await shim.SendChatAsync("What is marker-text?", id: "\"1\"");

        (await shim.ReplyAsync("1")).Text.ShouldContain("marker-number");
        (await shim.ReplyAsync("\"1\"")).Text.ShouldContain("marker-text");
        shim.Responses("1").Count.ShouldBe(1);
        shim.Responses("\"1\"").Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_id_that_is_still_in_flight_is_refused_a_second_time_and_the_first_call_is_answered()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(60)]);
        var shim = await machine.StartClientAsync();

        await shim.SendChatAsync("What is marker-first?", id: "5");
        await machine.Simulator.AskedAsync("marker-first");
        await shim.SendChatAsync("What is marker-second?", id: "5");

        ((int?)(await shim.ResponseAsync("5")).Message["error"]!["code"]).ShouldBe(-32600);
        (await shim.LineAsync("the first call's answer", line => line.Id == "5" && line.Message.ContainsKey("result"))).Text.ShouldContain("marker-first");
        machine.Simulator.Asked("marker-second").ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_a_progress_token_there_is_no_progress()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(100)], ("EXAI_WS_PROGRESS_INTERVAL_SECS", "0.1"));
        var shim = await machine.StartClientAsync();

        (await shim.ChatAsync("Take your time.")).IsError.ShouldBeFalse();
        await shim.PingAsync();

        shim.Progress().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("7")]
    [InlineData("\"p1\"")]
    public async Task Progress_rises_across_the_death_of_the_daemon_keeps_its_token_and_ends_before_the_answer(string token)
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(60, tokensPerSecond: 100)], ("EXAI_WS_PROGRESS_INTERVAL_SECS", "0.1"));
        var shim = await machine.StartClientAsync();

        var id = await shim.SendChatAsync("What is marker-progress?", token: token);
        await machine.Simulator.AskedAsync("marker-progress", tokens: 25);
        var beforeKill = shim.Progress(token).Count;
        await machine.Daemon.KillAsync();
        var reply = await shim.ReplyAsync(id);
        await shim.PingAsync();

        reply.IsError.ShouldBeFalse(reply.Text);
        var progress = shim.Progress();
        progress.ShouldBe(shim.Progress(token));
        beforeKill.ShouldBeGreaterThan(0);
        progress.Count.ShouldBeGreaterThan(beforeKill);
        progress.ShouldAllBe(line => ((string)line.Message["params"]!["message"]!).Length <= 200);
        var values = progress.Select(line => (double)line.Message["params"]!["progress"]!).ToList();
        values.Zip(values.Skip(1)).ShouldAllBe(pair => pair.Second > pair.First);
        shim.Lines.ToList().IndexOf(progress[^1]).ShouldBeLessThan(shim.Lines.ToList().IndexOf(reply.Line));
    }

    [Fact]
    public async Task A_cancelled_call_is_not_answered_any_more()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(60)], ("EXAI_CANCEL_GRACE_SECS", "0"));
        var shim = await machine.StartClientAsync();

        var id = await shim.SendChatAsync("What is marker-cancelled?");
        var request = await machine.Simulator.AskedAsync("marker-cancelled", tokens: 5);
        await shim.SendAsync($$$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{{id}}},"reason":"Esc"}}""");

        await machine.Simulator.EndedAsync(request, Simulator.SimulatorOutcome.ClientGone);
        (await shim.ChatAsync("And the next one?")).IsError.ShouldBeFalse();
        shim.Responses(id).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_call_waits_for_a_daemon_that_appears_later_and_its_client_is_told_meanwhile()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(null, [.. NoDaemon, ("EXAI_WS_PROGRESS_INTERVAL_SECS", "0.5")]);
        var shim = await machine.StartClientAsync();

        var id = await shim.SendChatAsync("Is anybody there?", token: "1");
        await shim.LineAsync("progress after 3 s", line => line.Method == "notifications/progress" && (double)line.Message["params"]!["progress"]! >= 3);
        shim.Responses(id).ShouldBeEmpty();
        ((string?)shim.Progress()[0].Message["params"]!["message"])!.ShouldContain("waiting for the daemon");
        await machine.Daemon.StartAsync();

        (await shim.ReplyAsync(id)).Text.ShouldContain("Is anybody there?");
    }
}
