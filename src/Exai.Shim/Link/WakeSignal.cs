namespace Exai.Shim.Link;

/// <summary>Ends a wait early. A wake that comes while nobody waits ends the next wait at once. One waiter at a time.</summary>
internal sealed class WakeSignal
{
    private readonly Lock _lock = new();
    private bool _woken;
    private TaskCompletionSource<bool>? _waiter;

    public void Wake()
    {
        lock (_lock)
        {
            _woken = true;
            _waiter?.TrySetResult(true);
        }
    }

    /// <summary>Forgets a wake that has come; one that comes from now on counts.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _woken = false;
        }
    }

    /// <summary>True when woken, false when the time was over first.</summary>
    public async Task<bool> WaitAsync(TimeSpan time, TimeProvider clock, CancellationToken cancellationToken)
    {
        var waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_woken)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return true;
            }

            _waiter = waiter;
        }

        await using var timer = clock.CreateTimer(_ => waiter.TrySetResult(false), null, time, Timeout.InfiniteTimeSpan);
        await using var cancelling = cancellationToken.Register(() => waiter.TrySetCanceled(cancellationToken));
        return await waiter.Task;
    }
}
