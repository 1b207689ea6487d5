using Exai.Testing.Shim;

namespace Exai.Shim.Tests.Pending;

/// <summary>A daemon whose queue is full for this session: the shim waits as long as it is told and sends the call again, before its client sees it.</summary>
public sealed class CapacityTests
{
    [Fact]
    public void Refused_call_is_sent_again_unchanged_after_the_time_that_the_daemon_named() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        var refusals = Refuse(rig, times: 2, seconds: "4");
        rig.Call("1", token: "\"p\"");

        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();

        refusals.Count.ShouldBe(2);
        var sent = rig.Daemon.Call().Sent.Single();
        sent.Text.ShouldBe(refusals[0].Text);
        (refusals[1].At - refusals[0].At).ShouldBeInRange(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(5));
        (sent.At - refusals[1].At).ShouldBeInRange(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(5));
        rig.Client.Notifications("notifications/progress").Select(note => (string)note.Json["params"]!["message"]!)
            .ShouldContain(note => note.StartsWith("the queue is full for this session; sent again in", StringComparison.Ordinal));
    });

    [Fact]
    public void Refusal_whose_time_is_beyond_the_call_clock_reaches_the_client() => ShimRig.Run(
        async rig =>
        {
            await rig.ReadyAsync();
            var refusals = Refuse(rig, times: int.MaxValue, seconds: "4");
            var called = rig.Time.GetUtcNow();
            rig.Call("1");

            var response = await rig.Client.ResponseAsync("1");

            response.IsToolError.ShouldBeTrue();
            response.Text.ShouldContain("OVER_CAPACITY");
            (rig.Time.GetUtcNow() - called).ShouldBeLessThan(TimeSpan.FromSeconds(10));
            refusals.Count.ShouldBe(3);
        },
        rig =>
        {
            foreach (var clock in (string[])["EXAI_CALL_TIMEOUT_SECS", "GLM_STREAM_TIMEOUT", "KIMI_STREAM_TIMEOUT"])
            {
                rig.Environment[clock] = "10";
            }
        });

    [Theory]
    [InlineData("null")]
    [InlineData("-1")]
    [InlineData("1e300")]
    [InlineData("\"soon\"")]
    public void Refusal_without_a_time_that_can_be_waited_for_reaches_the_client_at_once(string seconds) => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        Refuse(rig, times: 1, seconds);
        rig.Call("1");
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeTrue();
    });

    [Fact]
    public void Answer_that_merely_speaks_of_capacity_is_delivered() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Call().Answer("the code is \\\"OVER_CAPACITY\\\"");
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).IsToolError.ShouldBeFalse();
    });

    /// <summary>The daemon has forgotten it, so there is nothing to cancel there, and nothing to begin only to cancel it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Call_that_is_cancelled_while_it_waits_for_room_is_never_sent_again(bool linkIsLost) => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        var refusals = Refuse(rig, times: 1, seconds: "4");
        rig.Call("1");
        await rig.UntilAsync(() => refusals.Count == 1, "the refusal");
        await rig.PassAsync(1);
        if (linkIsLost)
        {
            rig.Daemon.Kill();
            await rig.PassAsync(0.1);
        }

        rig.Cancel("1");
        await rig.PassAsync(0.1);
        if (linkIsLost)
        {
            rig.Daemon.Start();
        }

        await rig.PassAsync(30);
        rig.Daemon.Calls.ShouldBeEmpty();
    });

    [Fact]
    public void Call_that_waits_for_room_goes_to_the_next_daemon_at_once() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        var refusals = Refuse(rig, times: 1, seconds: "60");
        rig.Call("1");
        await rig.UntilAsync(() => refusals.Count == 1, "the refusal");
        rig.Daemon.Restart();
        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(3))).IsToolError.ShouldBeFalse();
    });

    /// <summary>Its client was told that it runs on, and claims it later; the daemon has forgotten it.</summary>
    [Fact]
    public void Call_that_nobody_waits_for_any_more_is_sent_again_when_there_is_room() => ShimRig.Run(
        async rig =>
        {
            rig.Call("1");
            (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(12))).IsToolError.ShouldBeFalse();
            var refusals = Refuse(rig, times: 2, seconds: "4");
            rig.Daemon.Start();
            await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");

            refusals.Count.ShouldBe(2);
            rig.Daemon.Call().Sent.Single().Text.ShouldBe(refusals[0].Text);
        },
        rig => rig.Environment["EXAI_CLIENT_WAIT_SECS"] = "10");

    [Fact]
    public void Calls_that_wait_for_room_together_are_sent_again_in_their_order() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        Refuse(rig, times: 5, seconds: "2");
        for (var id = 1; id <= 5; id++)
        {
            rig.Call($"{id}");
        }

        await rig.Client.ResponseAsync("5");
        rig.Daemon.Calls.Select(call => call.IdJson).ShouldBe(["1", "2", "3", "4", "5"]);
    });

    private static List<FakeMessage> Refuse(ShimRig rig, int times, string seconds)
    {
        var refused = new List<FakeMessage>();
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is not "tools/call" || refused.Count >= times)
            {
                return false;
            }

            refused.Add(message);
            connection.Push($$$"""{"jsonrpc":"2.0","id":{{{message.IdJson}}},"result":{"content":[{"type":"text","text":"OVER_CAPACITY: full"}],"isError":true,"_meta":{"exai/error":{"code":"OVER_CAPACITY","retryAfterSecs":{{{seconds}}},"callId":"{{{message.CallId}}}"} } } }""");
            return true;
        };
        return refused;
    }
}
