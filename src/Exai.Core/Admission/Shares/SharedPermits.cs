using Exai.Core.Calls;
using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Admission.Shares;

/// <summary>
/// Makes the permits of a scheduler hold over all daemons on one store. While this daemon uses any it renews its lease, three times as often as the
/// lease is long; while it waits for what others hold it looks each <see cref="Poll"/>; an idle daemon asks nothing. What is used again and again
/// stays here, so that most attempts begin without a word to the store.
/// </summary>
internal sealed class SharedPermits : IAsyncDisposable
{
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _stopping = new();
    private readonly PermitScheduler _permits;
    private readonly ShareDesk _desk;
    private readonly IPermitShares _shares;
    private readonly TimeSpan _renewal;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _running;
    private TaskCompletionSource _signal = NewSignal();
    private volatile bool _heard;

    // Of the loop alone.
    private Task? _told;
    private ShareMoment _asked;
    private TimeSpan? _interval;
    private bool _calm;
    private bool _somebodyWaits;
    private bool _failing;

    /// <param name="desk">The scheduler's.</param>
    /// <param name="lease">As the other daemons count it.</param>
    public SharedPermits(PermitScheduler permits, ShareDesk desk, IPermitShares shares, TimeSpan lease, TimeProvider time, ILogger logger)
    {
        (_permits, _desk, _shares, _renewal, _time, _logger) = (permits, desk, shares, lease / 3, time, logger);
        _permits.Moved += Signal;
        _shares.Moved += Hear;
        _running = RunAsync();
    }

    /// <summary>Gives back what no attempt uses.</summary>
    public async ValueTask DisposeAsync()
    {
        _permits.Moved -= Signal;
        _shares.Moved -= Hear;
        _stopping.Cancel();
        await _running;
        await TryExchangeAsync(leaving: true, CancellationToken.None);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                // The first brings what others have learned.
                await TryExchangeAsync(leaving: false, _stopping.Token);
                await WhenDueAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }

    private async Task WhenDueAsync()
    {
        while (true)
        {
            // Before the look: what comes after it is heard.
            if (_told is null or { IsCompleted: true })
            {
                var signal = NewSignal();
                Volatile.Write(ref _signal, signal);
                _told = Waiting.HereAsync(signal.Task);
            }

            var left = _interval - _time.GetElapsedTime(_asked.Timestamp);
            if (left <= TimeSpan.Zero || (!_failing && IsDue()))
            {
                return;
            }

            await Waiting.ForAsync(_told, left ?? Timeout.InfiniteTimeSpan, _time, _stopping.Token);
            _stopping.Token.ThrowIfCancellationRequested();
        }
    }

    private bool IsDue() =>
        // What others lack was kept in the belief that nobody lacked anything.
        (_somebodyWaits && _calm)
        // An idle daemon has nothing that others could want.
        || (_heard && _interval is not null)
        || _permits.AreSharesDue(_somebodyWaits);

    private async Task TryExchangeAsync(bool leaving, CancellationToken cancellationToken)
    {
        try
        {
            _calm = !_somebodyWaits && !_heard;
            _heard = false;
            var answer = await _shares.ExchangeAsync(
                () =>
                {
                    _asked = _desk.Lease.Moment;
                    return _permits.ReportShares(_calm, leaving);
                },
                cancellationToken);
            var (isUsed, lacks) = _permits.ApplyShares(answer, _asked);
            _somebodyWaits = answer.SomebodyWaits;
            _interval = lacks ? Least(Poll, _renewal) : isUsed ? _renewal : null;
            _failing = false;
        }
        catch (StoreException failure)
        {
            if (!_failing)
            {
                AdmissionLog.SharesNotExchanged(_logger, failure);
            }

            // Nothing begins meanwhile on what was not told before.
            (_failing, _interval) = (true, Poll);
        }
    }

    private void Hear()
    {
        _heard = true;
        Signal();
    }

    private void Signal() => Volatile.Read(ref _signal).TrySetResult();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
