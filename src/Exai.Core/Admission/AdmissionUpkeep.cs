using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Admission;

/// <summary>
/// What admission does beside the calls, every audit interval: compares permits with living attempts, and keeps what was learned about
/// limits, when that has changed. At the start it brings back what an earlier daemon had learned.
/// </summary>
internal sealed class AdmissionUpkeep : IAsyncDisposable
{
    private readonly PermitScheduler _permits;
    private readonly ILearnedLimits? _store;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private int _savedVersion;

    /// <param name="store">Null where they are kept in step with other daemons'.</param>
    public AdmissionUpkeep(PermitScheduler permits, ILearnedLimits? store, TimeSpan interval, TimeProvider time, ILogger logger)
    {
        _permits = permits;
        _store = store;
        _interval = interval;
        _time = time;
        _logger = logger;
        _running = RunAsync();
    }

    /// <summary>Keeps what is new for the last time.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await _running;
        await SaveAsync();
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        await LoadAsync();
        using var timer = new PeriodicTimer(_interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (var owner in _permits.TakeBackLost())
                {
                    AdmissionLog.PermitLost(_logger, owner);
                }

                _permits.Trim();
                await SaveAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private async Task LoadAsync()
    {
        if (_store is null)
        {
            return;
        }

        try
        {
            _permits.Restore(await _store.LoadAsync(_stopping.Token));
            _savedVersion = _permits.Learned().Version;
        }
        catch (StoreException failure)
        {
            // They are learned anew.
            AdmissionLog.LimitsNotKept(_logger, failure, "read");
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private async Task SaveAsync()
    {
        var (limits, version) = _permits.Learned();
        if (_store is null || version == _savedVersion)
        {
            return;
        }

        try
        {
            await _store.SaveAsync(limits, CancellationToken.None);
            _savedVersion = version;
        }
        catch (StoreException failure)
        {
            AdmissionLog.LimitsNotKept(_logger, failure, "written");
        }
    }
}
