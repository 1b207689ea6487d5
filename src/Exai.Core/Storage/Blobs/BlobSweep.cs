using Exai.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Storage.Blobs;

/// <summary>
/// Removes blobs with the last call or thread that names them. A blob that nobody names yet has an hour for its call to come.
/// </summary>
public sealed class BlobSweep(IBlobStore blobs, IBlobReferences references, TimeSpan threadLifetime, TimeProvider time, ILogger logger)
{
    /// <summary>More than the call clock: a shim may ask for a blob long before it can send the call.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            // The age first: what comes while the references are read is younger.
            var before = time.GetUtcNow() - Grace;
            var referred = await references.FindAsync(time.GetUtcNow() - threadLifetime, cancellationToken);
            var removed = await blobs.SweepAsync(referred, before, cancellationToken);
            if (removed > 0)
            {
                CallLog.BlobsRemoved(logger, removed);
            }
        }
        catch (Exception failure) when (failure is StoreException or IOException or UnauthorizedAccessException)
        {
            CallLog.BlobsNotRemoved(logger, failure);
        }
    }
}
