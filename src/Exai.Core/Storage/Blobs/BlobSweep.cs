using Exai.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Storage.Blobs;

/// <summary>
/// Removes blobs with the last call or thread that names them: looks once after the start, then every hour. A blob that nobody names yet has an
/// hour for its call to come.
/// </summary>
public sealed class BlobSweep : IAsyncDisposable
{
    private static readonly TimeSpan First = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    /// <summary>More than the call clock: a shim may ask for a blob long before it can send the call.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly BlobStore _blobs;
    private readonly IBlobReferences _references;
    private readonly TimeSpan _threadLifetime;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _sweeping;

    public BlobSweep(BlobStore blobs, IBlobReferences references, TimeSpan threadLifetime, TimeProvider time, ILogger logger)
    {
        (_blobs, _references, _threadLifetime, _time, _logger) = (blobs, references, threadLifetime, time, logger);
        _sweeping = RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await _sweeping;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            for (var wait = First; ; wait = Every)
            {
                await Task.Delay(wait, _time, _stopping.Token);
                await SweepAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private async Task SweepAsync()
    {
        try
        {
            // The age first: what comes while the references are read is younger.
            var before = _time.GetUtcNow() - Grace;
            var removed = _blobs.Sweep(await _references.FindAsync(_time.GetUtcNow() - _threadLifetime, _stopping.Token), before);
            if (removed > 0)
            {
                CallLog.BlobsRemoved(_logger, removed);
            }
        }
        catch (Exception failure) when (failure is StoreException or IOException or UnauthorizedAccessException)
        {
            CallLog.BlobsNotRemoved(_logger, failure);
        }
    }
}
