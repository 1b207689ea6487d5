using Exai.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Storage;

/// <summary>
/// Every hour forgets what has been kept for long enough: conversations that nobody has gone on with, which until then can be read, searched and
/// exported, and rows of the ledger.
/// </summary>
public sealed class Housekeeping : IAsyncDisposable
{
    /// <summary>How long a thread is kept after its last turn, unless it lives longer.</summary>
    public static readonly TimeSpan ThreadRetention = TimeSpan.FromDays(30);

    /// <summary>Long enough to hold a provider's bill of last month against it.</summary>
    public static readonly TimeSpan LedgerRetention = TimeSpan.FromDays(90);

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly IThreadStore _threads;
    private readonly IAttemptLedger _ledger;
    private readonly TimeSpan _threadsKept;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _running;

    /// <param name="threadLifetime">How long a thread can be gone on with.</param>
    public Housekeeping(IThreadStore threads, IAttemptLedger ledger, TimeSpan threadLifetime, TimeProvider time, ILogger logger)
    {
        (_threads, _ledger, _time, _logger) = (threads, ledger, time, logger);
        _threadsKept = threadLifetime > ThreadRetention ? threadLifetime : ThreadRetention;
        _running = RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Every, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await TryForgetAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private async Task TryForgetAsync()
    {
        try
        {
            await _threads.ForgetAsync(_time.GetUtcNow() - _threadsKept, _stopping.Token);
            await _ledger.ForgetAsync(_time.GetUtcNow() - LedgerRetention, _stopping.Token);
        }
        catch (StoreException failure)
        {
            CallLog.OldRecordsNotForgotten(_logger, failure);
        }
    }
}
