namespace Exai.Core.Storage.Sql;

/// <summary>
/// The wall clock as it was at the start, and the time since: it never steps. Ends of leases and beginnings of runs are compared with each
/// other only, and an owner whose wall clock is set back must not look as if it had stopped renewing.
/// </summary>
internal sealed class SteadyClock(TimeProvider time)
{
    private readonly DateTimeOffset _start = time.GetUtcNow();
    private readonly long _startedAt = time.GetTimestamp();

    public long Milliseconds() => (_start + time.GetElapsedTime(_startedAt)).ToUnixTimeMilliseconds();
}
