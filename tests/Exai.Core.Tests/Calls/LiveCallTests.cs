using Exai.Core.Calls;

namespace Exai.Core.Tests.Calls;

public sealed class LiveCallTests
{
    private readonly LateTimers _timers = new();

    [Fact]
    public void Grace_is_over_the_call_is_cancelled()
    {
        using var call = new LiveCall("c", "h", _timers);
        call.CancelAfter(TimeSpan.FromSeconds(30), call.WaiterCame());

        _timers.Fire(0);

        call.Cancelled.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public void Grace_timer_fires_while_somebody_attaches_the_call_goes_on()
    {
        using var call = new LiveCall("c", "h", _timers);
        call.CancelAfter(TimeSpan.FromSeconds(30), call.WaiterCame());
        call.WaiterCame();

        _timers.Fire(0);

        call.Cancelled.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public void Grace_timer_of_an_earlier_cancel_does_not_cut_a_later_grace_short()
    {
        using var call = new LiveCall("c", "h", _timers);
        call.CancelAfter(TimeSpan.FromSeconds(30), call.WaiterCame());
        call.CancelAfter(TimeSpan.FromSeconds(30), call.WaiterCame());

        _timers.Fire(0);
        call.Cancelled.IsCancellationRequested.ShouldBeFalse();

        _timers.Fire(1);
        call.Cancelled.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public void Grace_timer_fires_after_the_end_nothing_happens()
    {
        var call = new LiveCall("c", "h", _timers);
        call.CancelAfter(TimeSpan.FromSeconds(30), call.WaiterCame());
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
