namespace Exai.Shim.Tests.Pending;

/// <summary>Checklist rule 14; traps 12, 48 and 111.</summary>
public sealed class CancelTests
{
    [Fact]
    public void Cancel_with_the_link_up_is_forwarded_and_no_answer_follows() => ShimRig.Run(async rig =>
    {
        await StartCallAsync(rig);
        rig.Cancel("1");
        await rig.UntilAsync(() => rig.Daemon.Received.Any(message => message.Method == "notifications/cancelled"), "the cancel");
        rig.Daemon.Call().Answer();
        await rig.PassAsync(5);

        rig.Client.Responses("1").ShouldBeEmpty();
    });

    [Fact]
    public void Cancel_while_the_link_is_down_follows_its_call_on_the_next_one() => ShimRig.Run(async rig =>
    {
        await StartCallAsync(rig);
        rig.Call("2");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 2, "the second call");
        rig.Daemon.Kill();
        await rig.PassAsync(5);
        rig.Cancel("1");
        await rig.PassAsync(1);
        rig.Daemon.Start();
        await rig.LinkAsync();

        // Trap 111: that call ends and the others stay pending.
        rig.Daemon.Connection.Received.Select(message => (message.Method, message.IdJson)).Where(sent => sent.Method is "tools/call" or "notifications/cancelled")
            .ShouldBe([("tools/call", "1"), ("notifications/cancelled", null), ("tools/call", "2")]);
        rig.Daemon.Call().Answer();
        rig.Daemon.Call(1).Answer();
        await rig.Client.ResponseAsync("2");
        await rig.PassAsync(5);
        rig.Client.Responses("1").ShouldBeEmpty();

        // It is said once.
        rig.Daemon.Restart();
        await rig.LinkAsync();
        rig.Daemon.Connection.Received.ShouldNotContain(message => message.Method == "notifications/cancelled");
    });

    /// <summary>Trap 12: the daemon has the call from the first request; that the second never left does not end it.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("01a1fdfb-6b2c-70d1-9df1-9a474d4ae05c")]
    public void Cancel_of_the_same_question_asked_again_while_the_link_is_down_reaches_the_next_daemon(string? callId) => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        Ask("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Kill();
        await rig.PassAsync(1);
        rig.Cancel("1");
        Ask("2");
        await rig.PassAsync(1);
        rig.Cancel("2");
        rig.Daemon.Start();
        await rig.LinkAsync();

        rig.Daemon.Connection.Received.Where(message => message.Method is "tools/call" or "notifications/cancelled").Select(message => (message.Method, message.CallId))
            .ShouldBe([("tools/call", rig.Daemon.Call().CallId), ("notifications/cancelled", null)]);

        void Ask(string id)
        {
            var meta = callId is null ? "" : $$""","_meta":{"exai/callId":"{{callId}}"}""";
            rig.Send($$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"name":"chat","arguments":{"prompt":"the same"}{{{meta}}} } }""");
        }
    });

    [Fact]
    public void Cancel_of_a_call_that_no_daemon_has_seen_ends_it_here() => ShimRig.Run(async rig =>
    {
        rig.Call("1", token: "1");
        await rig.PassAsync(5);
        rig.Cancel("1");
        var lines = rig.Client.Lines.Count;
        await rig.PassAsync(1);
        rig.Daemon.Start();
        await rig.LinkAsync();
        await rig.PassAsync(5);

        rig.Daemon.Calls.ShouldBeEmpty();
        rig.Client.Lines.Count.ShouldBe(lines);
    });

    [Fact]
    public void Cancel_long_before_the_daemon_returns_does_not_begin_the_call_anew() => ShimRig.Run(async rig =>
    {
        await StartCallAsync(rig);
        rig.Daemon.Kill();
        await rig.PassAsync(5);
        rig.Cancel("1");
        await rig.PassAsync(2000);
        rig.Daemon.Start();
        await rig.LinkAsync();

        rig.Daemon.Connection.Received.ShouldNotContain(message => message.Method == "tools/call");
    });

    [Fact]
    public void Cancel_of_a_call_held_back_by_a_draining_daemon_reaches_nobody() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.Connection.Push("""{"jsonrpc":"2.0","method":"exai/draining","params":{}}""");
        await rig.SettleAsync();
        rig.Call("1");
        await rig.SettleAsync();
        rig.Cancel("1");
        rig.Daemon.Restart();
        await rig.LinkAsync();

        rig.Daemon.Received.ShouldNotContain(message => message.Method == "tools/call" || message.Method == "notifications/cancelled");
    });

    [Theory]
    [InlineData("\"1\"")]
    [InlineData("2")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("\"\\ud800\"")]
    public void Cancel_of_another_id_changes_nothing(string id) => ShimRig.Run(async rig =>
    {
        await StartCallAsync(rig);
        rig.Cancel(id);
        await rig.SettleAsync();
        rig.Daemon.Call().Answer();

        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
        rig.Daemon.Received.ShouldNotContain(message => message.Method == "notifications/cancelled");
    });

    [Fact]
    public void Cancel_after_the_answer_changes_nothing() => ShimRig.Run(async rig =>
    {
        await StartCallAsync(rig);
        rig.Daemon.Call().Answer();
        await rig.Client.ResponseAsync("1");
        rig.Cancel("1");
        rig.Send("""{"jsonrpc":"2.0","method":"notifications/cancelled"}""");
        await rig.PassAsync(1);

        rig.Daemon.Received.ShouldNotContain(message => message.Method == "notifications/cancelled");
    });

    private static async Task StartCallAsync(ShimRig rig)
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
    }
}
