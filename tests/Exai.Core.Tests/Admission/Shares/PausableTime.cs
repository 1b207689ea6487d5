using Exai.Testing;

namespace Exai.Core.Tests.Admission.Shares;

/// <summary>The time of a process that can be stopped: the clock goes on, and what it should have done meanwhile it does when it wakes up.</summary>
internal sealed class PausableTime(VirtualTime time) : TimeProvider
{
    private readonly Queue<Action> _missed = [];
    private bool _paused;

    public override long TimestampFrequency => time.TimestampFrequency;

    public bool IsPaused
    {
        get => _paused;
        set
        {
            _paused = value;
            while (!_paused && _missed.TryDequeue(out var missed))
            {
                missed();
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(
        _ =>
        {
            if (_paused)
            {
                _missed.Enqueue(() => callback(state));
            }
            else
            {
                callback(state);
            }
        },
        null, dueTime, period);
}
