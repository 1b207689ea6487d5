using Exai.Core.Calls;
using Exai.Protocol;

namespace Exai.Core.Tests.Calls;

public sealed class LiveCallTests
{
    private readonly LateTimers _timers = new();

    [Fact]
    public void Grace_is_over_the_call_is_cancelled()
    {
        using var call = new LiveCall("c", "h", _timers);
        call.CancelAfter(TimeSpan.FromSeconds(30), call.WaiterCame().Waiter);

        _timers.Fire(0);

        call.Cancelled.IsCancellationRequested.ShouldBeTrue();
    }

    /// <summary>Trap 22: to who asks again when the cancel is under way, a cancelled call is an earlier one's end; an answer is an answer.</summary>
    [Theory]
    [InlineData(true, CallState.Cancelled, RecoveredHow.Replayed)]
    [InlineData(true, CallState.Succeeded, RecoveredHow.Attached)]
    [InlineData(false, CallState.Cancelled, RecoveredHow.Attached)]
    public async Task Attached_after_the_grace_is_over(bool isOver, CallState state, string how)
    {
        using var call = new LiveCall("c", "h", _timers);
        using var first = new CallAttachment(call, RecoveredHow.None, TimeSpan.FromSeconds(30), meters: null);
        first.CancelLater();
        CallAttachment? again = null;
        // The first to hear of the cancel, before the call can end by it.
        await using var hearing = call.Cancelled.Register(() => again = Attach());
        again = isOver ? null : Attach();

        _timers.Fire(0);
        call.Complete(new CallOutcome { State = state, Text = "", Receipt = new Receipt { CallId = "c", Tool = "chat", State = state.ToString() } });

        await again!.Outcome;
        (first.How, again.How).ShouldBe((RecoveredHow.None, how));
        again.Dispose();

        CallAttachment Attach() => new(call, RecoveredHow.Attached, TimeSpan.FromSeconds(30), meters: null);
    }

    [Fact]
    public void Grace_timer_fires_while_somebody_attaches_the_call_goes_on()
    {
        using var call = new LiveCall("c", "h", _timers);
        call.CancelAfter(TimeSpan.FromSeconds(30), call.WaiterCame().Waiter);
        call.WaiterCame();

        _timers.Fire(0);

        call.Cancelled.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public void Grace_timer_of_an_earlier_cancel_does_not_cut_a_later_grace_short()
    {
        using var call = new LiveCall("c", "h", _timers);
        call.CancelAfter(TimeSpan.FromSeconds(30), call.WaiterCame().Waiter);
        call.CancelAfter(TimeSpan.FromSeconds(30), call.WaiterCame().Waiter);

        _timers.Fire(0);
        call.Cancelled.IsCancellationRequested.ShouldBeFalse();

        _timers.Fire(1);
        call.Cancelled.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public void Grace_timer_fires_after_the_end_nothing_happens()
    {
        var call = new LiveCall("c", "h", _timers);
        call.CancelAfter(TimeSpan.FromSeconds(30), call.WaiterCame().Waiter);
        call.Dispose();

        Should.NotThrow(() => _timers.Fire(0));
    }

    [Fact]
    public void Report_is_cut_at_200_characters()
    {
        using var call = new LiveCall("c", "h", _timers);

        call.Report(new CallProgress(new string('x', 300)));

        call.Progress.Text.Length.ShouldBe(200);
        call.Progress.Text.ShouldEndWith("…");
    }
}
