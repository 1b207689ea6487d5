using Exai.Testing.Shim;

namespace Exai.Shim.Tests;

/// <summary>Checklist rules 19 and 20 as far as they need no process; traps 19 and 135.</summary>
public sealed class SessionEndTests
{
    [Fact]
    public void Input_that_ends_with_a_call_in_flight_ends_the_session_at_once_and_says_good_bye() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        var closed = rig.Time.GetUtcNow();
        rig.Client.CloseInput();
        await rig.Shim;

        (rig.Time.GetUtcNow() - closed).ShouldBeLessThan(TimeSpan.FromMilliseconds(50));
        rig.Daemon.Connections.Single().WasClosed.ShouldBeTrue();
        rig.Daemon.Connections.Single().WasDisposed.ShouldBeTrue();
        // The call runs on in the daemon: nobody cancelled it.
        rig.Daemon.Received.ShouldNotContain(message => message.Method == "notifications/cancelled");
    });

    [Fact]
    public void What_was_asked_before_the_input_ended_is_answered() => ShimRig.Run(async rig =>
    {
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"ping"}""");
        rig.Send("""{"jsonrpc":"2.0","id":2,"method":"tools/list"}""");
        rig.Client.CloseInput();
        await rig.Shim;

        rig.Client.Responses("1").ShouldHaveSingleItem();
        rig.Client.Responses("2").ShouldHaveSingleItem();
    });

    [Fact]
    public void Client_that_stopped_reading_does_not_hold_a_shim_whose_input_has_ended() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Client.StopsReading = true;
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"ping"}""");
        await rig.PassAsync(1);
        var closed = rig.Time.GetUtcNow();
        rig.Client.CloseInput();
        await rig.UntilAsync(() => rig.Shim.IsCompleted, "the end", TimeSpan.FromSeconds(1));

        (rig.Time.GetUtcNow() - closed).ShouldBeLessThan(TimeSpan.FromSeconds(1));
    });

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(UnauthorizedAccessException))]
    public void Output_that_breaks_ends_the_session_at_the_next_write(Type failure) => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Client.WriteFailure = (Exception)Activator.CreateInstance(failure)!;
        rig.Send("""{"jsonrpc":"2.0","id":1,"method":"ping"}""");

        await rig.UntilAsync(() => rig.Shim.IsCompleted, "the end", TimeSpan.FromSeconds(1));
    });

    [Fact]
    public void Token_that_fires_in_the_middle_of_a_dial_ends_the_session_within_a_second() => ShimRig.Run(async rig =>
    {
        rig.Daemon.DialTakes = TimeSpan.FromSeconds(5);
        rig.Initialize();
        await rig.UntilAsync(() => rig.Daemon.Dials.Count == 1, "a dial");
        rig.Leave();

        await rig.UntilAsync(() => rig.Shim.IsCompleted, "the end", TimeSpan.FromSeconds(1));
    });

    [Fact]
    public void Session_that_ends_leaves_no_timer_behind() => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Call("1");
        await rig.Client.ResponseAsync("1");
        rig.Client.CloseInput();
        await rig.Shim;
        await rig.SettleAsync();

        rig.Time.WaitingTimers.ShouldBe(0);
    });

    [Fact]
    public void Thousand_answers_at_once_are_a_thousand_whole_lines() => ShimRig.Run(async rig =>
    {
        rig.Daemon.AnswersCalls = false;
        await rig.ReadyAsync();
        var before = rig.Client.Lines.Count;
        for (var call = 0; call < 1000; call++)
        {
            rig.Call($"\"c{call}\"");
        }

        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1000, "the calls");
        foreach (var call in rig.Daemon.Calls.Reverse())
        {
            call.Answer(new string('ö', call.IdJson.Length * 500));
        }

        await rig.UntilAsync(() => rig.Client.Lines.Count - before >= 1000, "the answers");
        (rig.Client.Lines.Count - before).ShouldBe(1000);
        for (var call = 0; call < 1000; call++)
        {
            rig.Client.Responses($"\"c{call}\"").ShouldHaveSingleItem();
        }
    });

    [Theory]
    [InlineData(15_000)]
    [InlineData(5_000_000)]
    public void Long_answer_arrives_whole(int characters) => ShimRig.Run(async rig =>
    {
        await rig.ReadyAsync();
        rig.Daemon.AnswersCalls = false;
        rig.Call("1");
        await rig.UntilAsync(() => rig.Daemon.Calls.Count == 1, "the call");
        rig.Daemon.Call().Answer(new string('x', characters));

        (await rig.Client.ResponseAsync("1", TimeSpan.FromSeconds(1))).ToolText.Length.ShouldBe(characters);
    });

    [Fact]
    public void Lines_are_written_without_byte_order_mark_or_carriage_return() => ShimRig.Run(async rig =>
    {
        rig.Client.SendBytes([0xEF, 0xBB, 0xBF, .. """{"jsonrpc":"2.0","id":1,"method":"ping"}"""u8, (byte)'\r', (byte)'\n']);
        ClientLine line = await rig.Client.ResponseAsync("1");

        line.Text.ShouldBe("""{"jsonrpc":"2.0","id":1,"result":{}}""");
    });
}
