namespace Exai.Core.Providers.Services;

/// <summary>One holder at a time per key; a key that nobody holds or waits for takes no room. Thread-safe.</summary>
internal sealed class KeyedLocks
{
    private readonly Dictionary<object, Entry> _entries = [];

    public async Task<IDisposable> EnterAsync(object key, CancellationToken cancellationToken)
    {
        Entry entry;
        lock (_entries)
        {
            if (!_entries.TryGetValue(key, out entry!))
                _entries[key] = entry = new Entry();
            entry.Users++;
        }

        try
        {
            await entry.Gate.WaitAsync(cancellationToken);
        }
        catch
        {
            Leave(key, entry);
            throw;
        }

        return new Holder(() =>
        {
            entry.Gate.Release();
            Leave(key, entry);
        });
    }

    private void Leave(object key, Entry entry)
    {
        lock (_entries)
        {
            if (--entry.Users == 0)
                _entries.Remove(key);
        }
    }

    private sealed class Entry
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Holder(Action leave) : IDisposable
    {
        private Action? _leave = leave;

        public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
    }
}
