namespace Exai.Shim.Link;

/// <summary>Ends a wait early. A wake that comes while nobody waits ends the next wait at once.</summary>
internal sealed class WakeSignal
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _signal = New();

    public void Wake()
    {
        lock (_lock)
        {
            _signal.TrySetResult();
        }
    }

    /// <summary>Forgets a wake that has come; one that comes from now on counts.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            if (_signal.Task.IsCompleted)
            {
                _signal = New();
            }
        }
    }

    /// <summary>True when woken, false when the time was over first.</summary>
    public async Task<bool> WaitAsync(TimeSpan time, TimeProvider clock, CancellationToken cancellationToken)
    {
        Task signal;
        lock (_lock)
        {
            signal = _signal.Task;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = await Task.WhenAny(signal, Task.Delay(time, clock, stop.Token));
        stop.Cancel();
        cancellationToken.ThrowIfCancellationRequested();
        return first == signal;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
