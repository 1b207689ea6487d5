using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Threads;

/// <summary>Forgets conversations that nobody has gone on with for long; until then they can be read, searched and exported.</summary>
public sealed class ThreadUpkeep : IAsyncDisposable
{
    /// <summary>How long a thread is kept after its last turn, unless it lives longer.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;

    /// <param name="lifetime">How long a thread can be gone on with.</param>
    public ThreadUpkeep(IThreadStore store, TimeSpan lifetime, TimeProvider time, ILogger logger) =>
        _running = RunAsync(store, lifetime > Retention ? lifetime : Retention, time, logger);

    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync(IThreadStore store, TimeSpan kept, TimeProvider time, ILogger logger)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await TryForgetAsync(store, time.GetUtcNow() - kept, logger);
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private async Task TryForgetAsync(IThreadStore store, DateTimeOffset before, ILogger logger)
    {
        try
        {
            await store.ForgetAsync(before, _stopping.Token);
        }
        catch (StoreException failure)
        {
            CallLog.ThreadsNotForgotten(logger, failure);
        }
    }
}
