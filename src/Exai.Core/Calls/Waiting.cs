namespace Exai.Core.Calls;

/// <summary>Waiting for whatever is first.</summary>
internal static class Waiting
{
    /// <summary>Ends when the task does, when the time is over, or when the token fires; never throws, and leaves nothing behind.</summary>
    public static async Task ForAsync(Task ending, TimeSpan most, TimeProvider time, CancellationToken cancellationToken)
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var clock = time.CreateTimer(_ => over.TrySetResult(), null, most, Timeout.InfiniteTimeSpan);
        await using var leaving = cancellationToken.UnsafeRegister(_ => over.TrySetResult(), null);
        await Task.WhenAny(ending, HereAsync(over.Task));
    }

    /// <summary>
    /// The same end, told by an async method: on the scheduler of whoever calls it, which is the simulation's where there is one. A bare
    /// source, as a cancelled delay, tells a WhenAny or WaitAsync of it on the thread pool.
    /// </summary>
    public static async Task<T> HereAsync<T>(Task<T> ending) => await ending;

    /// <inheritdoc cref="HereAsync{T}"/>
    public static async Task HereAsync(Task ending) => await ending;
}
