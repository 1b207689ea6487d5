namespace Exai.Daemon.Health;

/// <summary>Tells whether the daemon's own loop still turns: it beats at each write of the health file. Thread-safe.</summary>
internal sealed class Heartbeat(TimeProvider time)
{
    private long _last = time.GetTimestamp();

    public TimeSpan Age => time.GetElapsedTime(Volatile.Read(ref _last));

    public void Beat() => Volatile.Write(ref _last, time.GetTimestamp());
}
