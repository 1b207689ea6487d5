namespace Exai.Simulator;

/// <summary>
/// Every request to a provider endpoint, in order of arrival; control requests (<c>/sim/…</c>) are not in it. Thread-safe.
/// The waits look again after each change, so that a test needs no sleep; give them a generous token.
/// </summary>
public sealed class SimulatorLog
{
    private readonly Lock _gate = new();
    private readonly List<SimulatorRequest> _requests = [];
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>A copy of the list; its entries stay live.</summary>
    public IReadOnlyList<SimulatorRequest> Requests
    {
        get
        {
            lock (_gate)
                return [.. _requests];
        }
    }

    /// <summary>The chat requests alone, without model lists and balances.</summary>
    public IReadOnlyList<SimulatorRequest> Chats =>
        [.. Requests.Where(request => request.Path.EndsWith("/chat/completions", StringComparison.Ordinal))];

    /// <summary>How many requests came in.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _requests.Count;
        }
    }

    /// <summary>Ends when at least <paramref name="count"/> requests came in.</summary>
    public Task WaitForCountAsync(int count, CancellationToken cancellationToken) =>
        WaitForAsync(requests => requests.Count >= count, cancellationToken);

    /// <summary>Ends when request <paramref name="number"/> came in and produced at least <paramref name="tokens"/> tokens.</summary>
    public Task WaitForTokensAsync(int number, int tokens, CancellationToken cancellationToken) =>
        WaitForAsync(requests => requests.Count >= number && requests[number - 1].TokensSent >= tokens, cancellationToken);

    /// <summary>Ends when request <paramref name="number"/> has <paramref name="outcome"/>, a word of <see cref="SimulatorOutcome"/>.</summary>
    public Task WaitForOutcomeAsync(int number, string outcome, CancellationToken cancellationToken) =>
        WaitForAsync(requests => requests.Count >= number && requests[number - 1].Outcome == outcome, cancellationToken);

    /// <summary>Ends when <paramref name="condition"/> holds; asked at once and after each change.</summary>
    public async Task WaitForAsync(Func<IReadOnlyList<SimulatorRequest>, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            // The signal is taken before the look: a change in between completes it.
            Task changed;
            lock (_gate)
                changed = _changed.Task;
            if (condition(Requests))
                return;
            await changed.WaitAsync(cancellationToken);
        }
    }

    internal SimulatorRequest Add(Func<int, Action, SimulatorRequest> create)
    {
        SimulatorRequest request;
        lock (_gate)
        {
            request = create(_requests.Count + 1, SignalChange);
            _requests.Add(request);
        }

        SignalChange();
        return request;
    }

    private void SignalChange()
    {
        TaskCompletionSource signal;
        lock (_gate)
            (signal, _changed) = (_changed, NewSignal());
        signal.TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
