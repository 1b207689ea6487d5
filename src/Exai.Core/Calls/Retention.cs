using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Calls;

/// <summary>Forgets calls whose results can no longer be claimed: at start, then every hour.</summary>
internal sealed class Retention : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _end = new();
    private readonly Task _forgetting;

    public Retention(ICallStore store, TimeSpan resultTtl, TimeProvider time, ILogger logger) =>
        _forgetting = ForgetLoopAsync(store, resultTtl, time, logger, _end.Token);

    public async ValueTask DisposeAsync()
    {
        _end.Cancel();
        await _forgetting;
        _end.Dispose();
    }

    private static async Task ForgetLoopAsync(ICallStore store, TimeSpan resultTtl, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await ForgetAsync(store, time.GetUtcNow() - resultTtl, logger, cancellationToken);
                await Task.Delay(Interval, time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private static async Task ForgetAsync(ICallStore store, DateTimeOffset before, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            var forgotten = await store.ForgetFinishedAsync(before, cancellationToken);
            if (forgotten > 0)
            {
                CallLog.Forgotten(logger, forgotten);
            }
        }
        catch (StoreException failure)
        {
            CallLog.NotForgotten(logger, failure);
        }
    }
}
