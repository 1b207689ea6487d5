using System.Collections.Concurrent;

namespace Exai.Core.Admission;

/// <summary>
/// The attempts that are alive, counted by themselves and apart from the permits, so that the one can be checked against the other. An
/// attempt enters before it asks for its permit and leaves after it gave it back. Thread-safe.
/// </summary>
/// <example><code>
/// using var alive = attempts.Enter(owner);
/// using var permit = await permits.AcquireAsync(request, token);
/// </code></example>
public sealed class AttemptRegistry
{
    private readonly ConcurrentDictionary<PermitOwner, int> _alive = new();

    /// <summary>Attempts that wait or run.</summary>
    public int Count => _alive.Count;

    public IDisposable Enter(PermitOwner owner)
    {
        _alive.AddOrUpdate(owner, 1, static (_, count) => count + 1);
        return new Stay(this, owner);
    }

    public bool IsAlive(PermitOwner owner) => _alive.ContainsKey(owner);

    private void Leave(PermitOwner owner)
    {
        while (_alive.TryGetValue(owner, out var count))
        {
            if (count == 1 ? _alive.TryRemove(KeyValuePair.Create(owner, 1)) : _alive.TryUpdate(owner, count - 1, count))
            {
                return;
            }
        }
    }

    private sealed class Stay(AttemptRegistry registry, PermitOwner owner) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                registry.Leave(owner);
            }
        }
    }
}
