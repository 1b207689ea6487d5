namespace Exai.Core.Admission;

/// <summary>First come, first served, within each provider's limit.</summary>
internal sealed class SimplePermits(IReadOnlyDictionary<string, int> providerLimits, TimeProvider time) : IPermits, IDisposable
{
    private readonly Dictionary<string, SemaphoreSlim> _providers =
        providerLimits.ToDictionary(limit => limit.Key, limit => new SemaphoreSlim(limit.Value), StringComparer.Ordinal);

    public async ValueTask<IPermit> AcquireAsync(PermitRequest request, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        var provider = _providers[request.Provider];
        await provider.WaitAsync(cancellationToken);
        return new Permit(provider, time.GetElapsedTime(since));
    }

    public void Dispose()
    {
        foreach (var provider in _providers.Values)
        {
            provider.Dispose();
        }
    }

    private sealed class Permit(SemaphoreSlim provider, TimeSpan waited) : IPermit
    {
        private SemaphoreSlim? _provider = provider;

        public TimeSpan Waited => waited;

        public void Learn(ProviderSignal signal, TimeSpan? retryAfter = null)
        {
        }

        public void Dispose() => Interlocked.Exchange(ref _provider, null)?.Release();
    }
}
