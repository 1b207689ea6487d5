using System.Collections.Concurrent;

namespace Exai.Core.Admission;

/// <summary>
/// The attempts that are alive, counted by themselves and apart from the permits, so that the one can be checked against the other. An
/// attempt enters before it asks for its permit and leaves after it gave it back. Thread-safe.
/// </summary>
/// <example><code>
/// using var alive = attempts.Enter(callId);
/// using var permit = await permits.AcquireAsync(new PermitRequest { CallId = callId, Attempt = alive.Owner.Attempt, … }, token);
/// </code></example>
public sealed class AttemptRegistry
{
    private readonly ConcurrentDictionary<PermitOwner, byte> _alive = new();
    private int _numbers;

    /// <summary>Attempts that wait or run.</summary>
    public int Count => _alive.Count;

    /// <summary>The attempt lives until this is disposed. It gets a number that no other attempt of this process has.</summary>
    public AttemptLife Enter(string callId)
    {
        var owner = new PermitOwner(callId, Interlocked.Increment(ref _numbers));
        _alive[owner] = 0;
        return new AttemptLife(this, owner);
    }

    public bool IsAlive(PermitOwner owner) => _alive.ContainsKey(owner);

    internal void Leave(PermitOwner owner) => _alive.TryRemove(owner, out _);
}

/// <summary>One attempt's stay among the living; ends once.</summary>
public sealed class AttemptLife(AttemptRegistry registry, PermitOwner owner) : IDisposable
{
    public PermitOwner Owner => owner;

    public void Dispose() => registry.Leave(owner);
}
