namespace Exai.Core.Admission;

/// <summary>What a flow can do at this moment.</summary>
internal enum Standing
{
    /// <summary>Every scope has room for it.</summary>
    Able,

    /// <summary>Only its own session's allowance is used up.</summary>
    Hindered,

    /// <summary>It waits for a scope.</summary>
    Blocked,
}

/// <summary>The attempts of one session that wait for one model: the seat at the model, with the queue. Belongs to the scheduler's lock.</summary>
internal sealed class Flow(Session session, ProviderScope provider, Scope model, Seat providerSeat) : Seat(session, model, providerSeat)
{
    private readonly LinkedList<Waiter> _interactive = new();
    private readonly LinkedList<Waiter> _background = new();

    public ProviderScope Provider => provider;

    /// <summary>How many permits that it could have had other sessions have got since its own session had a turn that it could use.</summary>
    public int Passed { get; set; }

    public void Add(Waiter waiter) => Queue(waiter).AddLast(waiter.InFlow);

    public void Remove(Waiter waiter) => Queue(waiter).Remove(waiter.InFlow);

    public IEnumerable<Waiter> Waiters => _interactive.Concat(_background);

    /// <summary>Whose turn it is within the flow; there is somebody.</summary>
    public Waiter Head(TimeSpan now, TimeSpan aging) => (_interactive.First, _background.First) switch
    {
        ({ } only, null) => only.Value,
        (null, { } only) => only.Value,
        var (first, second) => second!.Value.GoesBefore(first!.Value, now, aging) ? second.Value : first.Value,
    };

    /// <param name="sessionLimit">Attempts that run for one session.</param>
    /// <param name="alone">Whether no other session is connected.</param>
    public Standing At(TimeSpan now, int sessionLimit, bool alone)
    {
        var whole = Session.Seat;
        if (Scope.Room(now) <= 0 || provider.Room(now) <= 0 || whole.Scope.Room(now) <= 0 || (!alone && (WouldTakeAll || Parent!.WouldTakeAll)))
        {
            return Standing.Blocked;
        }

        var kept = IsKeptForAnother(now) ? 1 : 0;
        return whole.Held + kept >= sessionLimit || (!alone && whole.WouldTakeAll) ? Standing.Hindered : Standing.Able;
    }

    /// <summary>Whether one of its session's permits is not for it.</summary>
    public bool IsKeptForAnother(TimeSpan now) => Session.KeptFor is { } other && other != this && other.Provider.Throttle.PausedUntil(now) is null;

    private LinkedList<Waiter> Queue(Waiter waiter) => waiter.Request.Priority == AttemptPriority.Interactive ? _interactive : _background;
}
