using System.Collections.Concurrent;

namespace Exai.Core.Calls;

/// <summary>
/// The runs that are at work here. A daemon that was stopped or cut off for longer than its lease finds, when it renews its leases again, that others have
/// taken its calls over: those runs end at once, for their outcomes count for nothing, their answers are bought, and nobody counts them against the limits.
/// Thread-safe.
/// </summary>
internal sealed class OwnRuns
{
    /// <summary>By call id, of which there is one run at a time.</summary>
    private readonly ConcurrentDictionary<string, OwnRun> _runs = new(StringComparer.Ordinal);

    /// <summary>Those that have begun by now.</summary>
    public IReadOnlyList<OwnRun> All => [.. _runs.Values];

    /// <param name="stopping">Ends it too.</param>
    public OwnRun Begin(CallRecord run, CancellationToken stopping)
    {
        var begun = new OwnRun(this, run, stopping);
        _runs[run.CallId] = begun;
        return begun;
    }

    public void Ended(OwnRun run) => _runs.TryRemove(KeyValuePair.Create(run.CallId, run));
}

/// <summary>One run, until it is disposed.</summary>
internal sealed class OwnRun : IDisposable
{
    private readonly OwnRuns _runs;
    private readonly CancellationTokenSource _end;

    public OwnRun(OwnRuns runs, CallRecord run, CancellationToken stopping)
    {
        (_runs, CallId, Number) = (runs, run.CallId, run.Runs);
        _end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
    }

    public string CallId { get; }

    /// <summary>Which run of its call it is.</summary>
    public int Number { get; }

    public bool IsLost { get; private set; }

    /// <summary>Fires when the run is to end without an outcome.</summary>
    public CancellationToken End => _end.Token;

    /// <summary>Another daemon has taken the call over.</summary>
    public void Lose()
    {
        IsLost = true;
        try
        {
            _end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended in the same moment.
        }
    }

    public void Dispose()
    {
        _runs.Ended(this);
        _end.Dispose();
    }
}
