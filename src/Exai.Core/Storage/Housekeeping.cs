using Exai.Core.Storage.Blobs;
using Exai.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Storage;

/// <summary>
/// Soon after the start and then every hour forgets what has been kept for long enough: conversations that nobody has gone on with, which until
/// then can be read, searched and exported; rows of the ledger; files that nothing names any more.
/// </summary>
public sealed class Housekeeping : IAsyncDisposable
{
    /// <summary>How long a thread is kept after its last turn, unless it lives longer.</summary>
    public static readonly TimeSpan ThreadRetention = TimeSpan.FromDays(30);

    /// <summary>Long enough to hold a provider's bill of last month against it.</summary>
    public static readonly TimeSpan LedgerRetention = TimeSpan.FromDays(90);

    /// <summary>Whoever waited for the daemon goes first; yet one that never lives for an hour is kept clean too.</summary>
    private static readonly TimeSpan First = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly IThreadStore _threads;
    private readonly IAttemptLedger _ledger;
    private readonly BlobSweep _blobs;
    private readonly TimeSpan _threadsKept;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _running;

    /// <param name="threadLifetime">How long a thread can be gone on with.</param>
    public Housekeeping(IThreadStore threads, IAttemptLedger ledger, BlobSweep blobs, TimeSpan threadLifetime, TimeProvider time, ILogger logger)
    {
        (_threads, _ledger, _blobs, _time, _logger) = (threads, ledger, blobs, time, logger);
        _threadsKept = threadLifetime > ThreadRetention ? threadLifetime : ThreadRetention;
        _running = RunAsync();
    }

    /// <summary>Whose events are forgotten with the ledger; null for none.</summary>
    public ITokenStore? Tokens { get; init; }

    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            for (var wait = First; ; wait = Every)
            {
                await Task.Delay(wait, _time, _stopping.Token);
                await TryForgetAsync();
                // After the threads that named them.
                await _blobs.SweepAsync(_stopping.Token);
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
            await (Tokens?.ForgetEventsAsync(_time.GetUtcNow() - LedgerRetention, _stopping.Token) ?? default);
        }
        catch (StoreException failure)
        {
            CallLog.OldRecordsNotForgotten(_logger, failure);
        }
    }
}
