namespace Exai.Shim.Tests.Link;

/// <summary>The probe after the handshake and in silence; contract section 2, traps 9, 10 and 167.</summary>
public sealed class ValidationTests
{
    [Fact]
    public void Probe_that_is_not_answered_in_five_seconds_fails_the_connection() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersPings = false;
        rig.Daemon.Start();
        rig.Initialize();
        await rig.UntilAsync(() => rig.Daemon.Connections.Count == 1, "a connection");
        await rig.PassAsync(4.9);
        rig.Daemon.Connections[0].WasDisposed.ShouldBeFalse();
        await rig.PassAsync(0.2);
        rig.Daemon.Connections[0].WasDisposed.ShouldBeTrue();
        rig.Log.Texts(2002).Single().ShouldContain("EXAI_WS_PING_VALIDATION_TIMEOUT");
    });

    [Fact]
    public void Handshake_that_is_not_answered_in_fifteen_seconds_fails_the_connection() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersInitialize = false;
        rig.Daemon.Start();
        rig.Initialize();
        await rig.UntilAsync(() => rig.Daemon.Connections.Count == 1, "a connection");
        await rig.PassAsync(14.9);
        rig.Daemon.Connections[0].WasDisposed.ShouldBeFalse();
        await rig.PassAsync(0.2);
        rig.Daemon.Connections[0].WasDisposed.ShouldBeTrue();
    });

    [Fact]
    public void Call_is_not_sent_before_the_probe_is_answered() => ShimRig.Run(async rig =>
    {
        // Trap 9: a link counts after an answer has come back, not after the question has gone out.
        rig.Daemon.AnswersPings = false;
        rig.Daemon.Start();
        rig.Call("1");
        await rig.PassAsync(4);
        rig.Daemon.Calls.ShouldBeEmpty();
        rig.Daemon.AnswersPings = true;

        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(5))).IsToolError.ShouldBeFalse();
    });

    [Fact]
    public void Silence_with_a_call_pending_is_probed_after_fifteen_seconds_and_ends_the_link_five_later() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        var frozen = rig.Time.GetUtcNow();
        rig.Daemon.Frozen = true;
        await rig.UntilAsync(() => rig.Daemon.Connections[0].WasDisposed, "the end of the link");

        var probe = rig.Daemon.Connections[0].Received[^1];
        probe.Method.ShouldBe("ping");
        (probe.At - frozen).TotalSeconds.ShouldBeInRange(14.9, 15.1);
        (rig.Time.GetUtcNow() - frozen).TotalSeconds.ShouldBeInRange(19.9, 20.2);

        rig.Daemon.Frozen = false;
        await rig.LinkAsync();
        rig.Daemon.Call().Answer();
        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
    });

    [Fact]
    public void Call_on_a_link_that_froze_while_idle_is_answered_by_the_next_link() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        await rig.PassAsync(40);
        rig.Daemon.Frozen = true;
        await rig.PassAsync(1000);
        rig.Call("1");
        rig.Daemon.Connections.Count.ShouldBe(1);
        await rig.UntilAsync(() => rig.Daemon.Connections.Count == 2, "another dial", TimeSpan.FromSeconds(21));
        rig.Daemon.Frozen = false;

        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(16))).IsToolError.ShouldBeFalse();
    });

    [Fact]
    public void Link_of_a_daemon_that_is_busy_for_minutes_but_answers_probes_is_kept() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.PassAsync(600);
        rig.Daemon.Call().Answer();

        (await rig.Client.ResponseAsync("1")).IsToolError.ShouldBeFalse();
        rig.Daemon.Connections.Count.ShouldBe(1);
        rig.Daemon.Received.Count(message => message.Method == "ping").ShouldBeInRange(20, 45);
    });

    [Fact]
    public void Probe_answered_late_but_in_time_keeps_the_link() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Frozen = true;
        await rig.PassAsync(19);
        rig.Daemon.Frozen = false;
        await rig.PassAsync(30);

        rig.Daemon.Connections.Count.ShouldBe(1);
    });

    [Fact]
    public void Silence_without_a_call_is_not_probed() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        await rig.PassAsync(600);
        rig.Daemon.Received.Count(message => message.Method == "ping").ShouldBe(1);
        rig.Daemon.Connections.Count.ShouldBe(1);
    });

    [Fact]
    public void Messages_that_come_before_the_link_is_ready_are_passed_on_once_it_is() => ShimRig.Run(async rig =>
    {
        rig.Daemon.Intercept = (connection, message) =>
        {
            if (message.Method is "ping")
            {
                connection.Push("""{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"early"}}""");
                connection.Push("""{"jsonrpc":"2.0","id":1,"method":"roots/list"}""");
            }

            return false;
        };
        await rig.ReadyAsync();

        await rig.Client.LineAsync(line => line.Method == "notifications/message", "the early notification");
        var request = await rig.Client.LineAsync(line => line.Method == "roots/list", "the early request");
        request.IdJson.ShouldBe("\"s1-1\"");
    });
}
