using Exai.Core.Models;
using Exai.Settings;
using Exai.Testing;

namespace Exai.Core.Tests.Models;

/// <summary>Traps 2, 3, 4, 78, 79: each clock fires without any data, and none does another's work.</summary>
public sealed class AttemptClocksTests
{
    private static readonly AttemptClockLimits Limits = new()
    {
        Connect = TimeSpan.FromSeconds(10),
        Headers = TimeSpan.FromSeconds(60),
        FirstToken = TimeSpan.FromSeconds(75),
        Idle = TimeSpan.FromSeconds(20),
        IdleWhileThinking = TimeSpan.FromSeconds(30),
        Stream = TimeSpan.FromSeconds(300),
    };

    private readonly VirtualTime _time = new();

    [Fact]
    public void Headers_do_not_come_the_headers_clock_fires()
    {
        using var clocks = Clocks();

        _time.Advance(TimeSpan.FromSeconds(59));
        clocks.Fired.ShouldBeNull();
        _time.Advance(TimeSpan.FromSeconds(1));

        clocks.Fired.ShouldBe(Protocol.Clocks.Headers);
        clocks.Token.IsCancellationRequested.ShouldBeTrue();
        clocks.Limit(Protocol.Clocks.Headers).ShouldBe(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void Headers_have_no_limit_of_their_own_the_first_tokens_holds()
    {
        using var clocks = new AttemptClocks(Limits with { Headers = null }, _time, CancellationToken.None);

        _time.Advance(TimeSpan.FromSeconds(75));

        clocks.Fired.ShouldBe(Protocol.Clocks.FirstToken);
        clocks.HeadersSeen.ShouldBeFalse();
    }

    [Fact]
    public void First_token_does_not_come_bytes_do_not_stand_for_it()
    {
        using var clocks = Clocks();
        clocks.HeadersReceived();

        for (var second = 0; second < 75; second++)
        {
            clocks.Fired.ShouldBeNull();
            clocks.BytesReceived();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        clocks.Fired.ShouldBe(Protocol.Clocks.FirstToken);
    }

    /// <summary>Trap 79: the gap clock does not run before the first token.</summary>
    [Fact]
    public void Idle_does_not_run_before_the_first_token()
    {
        using var clocks = Clocks();
        clocks.HeadersReceived();
        clocks.BytesReceived();

        _time.Advance(TimeSpan.FromSeconds(70));

        clocks.Fired.ShouldBeNull();
    }

    [Fact]
    public void Stream_falls_silent_after_a_token_the_idle_clock_fires()
    {
        using var clocks = Clocks();
        _time.Advance(TimeSpan.FromSeconds(30));
        clocks.TokenReceived(thinking: false);

        _time.Advance(TimeSpan.FromSeconds(19));
        clocks.Fired.ShouldBeNull();
        _time.Advance(TimeSpan.FromSeconds(1));

        clocks.Fired.ShouldBe(Protocol.Clocks.Idle);
        clocks.Elapsed.ShouldBe(TimeSpan.FromSeconds(50));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Idle_is_put_off_by_bytes_and_by_tokens_until_the_stream_clock(bool bytes)
    {
        using var clocks = Clocks();
        clocks.TokenReceived(thinking: false);

        for (var seconds = 0; seconds < 300; seconds += 15)
        {
            clocks.Fired.ShouldBeNull();
            _time.Advance(TimeSpan.FromSeconds(15));
            Signal(clocks, bytes);
        }

        clocks.Fired.ShouldBe(Protocol.Clocks.Stream);
    }

    [Fact]
    public void First_clock_that_fires_is_the_one_that_is_named()
    {
        using var clocks = Clocks();

        _time.Advance(TimeSpan.FromSeconds(1000));

        clocks.Fired.ShouldBe(Protocol.Clocks.Headers);
    }

    [Fact]
    public void Call_ends_the_attempt_ends_and_no_clock_is_blamed()
    {
        using var call = new CancellationTokenSource();
        using var clocks = new AttemptClocks(Limits, _time, call.Token);

        call.Cancel();

        clocks.Token.IsCancellationRequested.ShouldBeTrue();
        clocks.Fired.ShouldBeNull();
    }

    [Fact]
    public void Disposed_no_timer_is_left_and_late_signals_do_nothing()
    {
        var clocks = Clocks();
        clocks.TokenReceived(thinking: false);

        clocks.Dispose();
        clocks.HeadersReceived();
        clocks.BytesReceived();
        clocks.TokenReceived(thinking: false);

        _time.WaitingTimers.ShouldBe(0);
        clocks.Fired.ShouldBeNull();
    }

    /// <summary>A timer of the real clock may fire in the moment in which a token arrives.</summary>
    [Fact]
    public void Timer_fires_in_the_moment_of_a_sign_of_life_the_attempt_goes_on()
    {
        const int FirstToken = 1;
        const int Headers = 2;
        const int Idle = 3;
        var timers = new LateTimers();
        using var clocks = new AttemptClocks(Limits, timers, CancellationToken.None);
        timers.Advance(TimeSpan.FromSeconds(75));
        clocks.TokenReceived(thinking: false);
        timers.Fire(Headers);
        timers.Fire(FirstToken);
        clocks.Fired.ShouldBeNull();
        timers.Advance(TimeSpan.FromSeconds(20));

        clocks.BytesReceived();
        timers.Fire(Idle);
        clocks.Fired.ShouldBeNull();

        timers.Advance(TimeSpan.FromSeconds(20));
        timers.Fire(Idle);
        clocks.Fired.ShouldBe(Protocol.Clocks.Idle);
    }

    private static void Signal(AttemptClocks clocks, bool bytes)
    {
        if (bytes)
        {
            clocks.BytesReceived();
        }
        else
        {
            clocks.TokenReceived(thinking: false);
        }
    }

    private AttemptClocks Clocks() => new(Limits, _time, CancellationToken.None);
}
