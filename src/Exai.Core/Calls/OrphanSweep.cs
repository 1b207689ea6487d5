using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Calls;

/// <summary>
/// Takes over the calls of daemons that died on other hosts, also those that nobody asks for again: their clients may be connected to any daemon by
/// now, or come later for the result. Of many daemons that try, the journal lets one.
/// </summary>
public sealed class OrphanSweep : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly ICallStore _store;
    private readonly CallService _calls;
    private readonly CallOwner _owner;
    private readonly IOwnerLiveness _liveness;
    private readonly TimeSpan _lease;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _running;

    /// <param name="liveness">Shared with <paramref name="calls"/>: looks from here are what soon tells a waiting client's daemon that an owner is dead.</param>
    public OrphanSweep(ICallStore store, CallService calls, CallOwner owner, IOwnerLiveness liveness, TimeSpan lease, TimeProvider time, ILogger logger)
    {
        (_store, _calls, _owner, _liveness, _lease, _time, _logger) = (store, calls, owner, liveness, lease, time, logger);
        _running = RunAsync();
    }

    /// <summary>Takes over no more: the daemon is about to end.</summary>
    public void Stop() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(_lease / 3, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await TrySweepAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }

    private async Task TrySweepAsync()
    {
        try
        {
            // The calls themselves, with all that was asked, only of the dead: every daemon looks, three times a lease.
            foreach (var (owner, leaseUntil) in await _store.FindOwnersElsewhereAsync(_owner, _stopping.Token))
            {
                if (!_liveness.IsAlive(owner, leaseUntil))
                {
                    await TakeOverAsync(owner);
                }
            }
        }
        catch (StoreException failure)
        {
            CallLog.OrphansNotFound(_logger, failure);
        }
        catch (ObjectDisposedException)
        {
            // The calls have ended before the sweep.
        }
    }

    private async Task TakeOverAsync(CallOwner dead)
    {
        foreach (var call in await _store.FindOwnedAsync(dead, _stopping.Token))
        {
            if (!_stopping.IsCancellationRequested)
            {
                _calls.Adopt(call);
            }
        }
    }
}
