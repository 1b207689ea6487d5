namespace Exai.Core.Tests;

/// <summary>
/// A clock whose timers fire when the test says, even after they were stopped or set anew: what a real timer does when it fires in
/// that very moment.
/// </summary>
internal sealed class LateTimers : TimeProvider
{
    private readonly List<Action> _callbacks = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now.Ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _callbacks.Add(() => callback(state));
        return new Deaf();
    }

    public void Advance(TimeSpan by) => _now += by;

    /// <summary>Fires the timer that was made as the given one, counted from 0.</summary>
    public void Fire(int timer) => _callbacks[timer]();

    private sealed class Deaf : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
            // It is too late to stop it.
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
