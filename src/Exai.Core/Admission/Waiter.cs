using Exai.Protocol;

namespace Exai.Core.Admission;

/// <summary>
/// An attempt in the queue. Its end is decided under the scheduler's lock (<see cref="Granted"/>, <see cref="Refusal"/>, or neither for a
/// cancel) and told outside it, by <see cref="Tell"/>.
/// </summary>
internal sealed class Waiter
{
    private readonly TaskCompletionSource<IPermit> _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PermitScheduler _scheduler;
    private CancellationToken _token;
    private CancellationTokenRegistration _cancel;
    private int _telling;

    public Waiter(PermitScheduler scheduler, PermitRequest request, bool watched, TimeSpan since)
    {
        (_scheduler, Request, Watched, Since) = (scheduler, request, watched, since);
        InFlow = new LinkedListNode<Waiter>(this);
        InArrival = new LinkedListNode<Waiter>(this);
    }

    public PermitRequest Request { get; }

    /// <summary>Whether the attempt is in the registry, so that the audit may judge its permit.</summary>
    public bool Watched { get; }

    public TimeSpan Since { get; }

    public Task<IPermit> Permit => _told.Task;

    public LinkedListNode<Waiter> InFlow { get; }

    public LinkedListNode<Waiter> InArrival { get; }

    /// <summary>Set when it joins the queue.</summary>
    public Flow Flow { get; set; } = null!;

    /// <summary>In the order of arrival.</summary>
    public long Number { get; set; }

    public bool IsQueued { get; set; }

    /// <summary>The token fired before it was in the queue.</summary>
    public bool IsCancelled { get; set; }

    public QueuePlace ToldPlace { get; set; }

    public Permit? Granted { get; set; }

    public CallError? Refusal { get; set; }

    /// <summary>Next in the scheduler's list of those to be told.</summary>
    public Waiter? NextToTell { get; set; }

    /// <summary>Aged ones in the order of arrival, then interactive ones, then background ones.</summary>
    public bool GoesBefore(Waiter other, TimeSpan now, TimeSpan aging)
    {
        var (mine, others) = (Rank(now, aging), other.Rank(now, aging));
        return mine != others ? mine < others : Number < other.Number;
    }

    /// <summary>Before it joins the queue: from then on the end may come at any moment.</summary>
    public void Watch(CancellationToken token)
    {
        _token = token;
        _cancel = token.UnsafeRegister(static waiter => ((Waiter)waiter!).OnCancel(), this);
    }

    /// <summary>Tells the place, unless the wait has ended; an end that comes meanwhile is told afterwards. Outside the lock.</summary>
    public void Report(QueuePlace place)
    {
        if (Interlocked.CompareExchange(ref _telling, Telling.Place, Telling.Nothing) != Telling.Nothing)
        {
            return;
        }

        try
        {
            Request.Queued!(place);
        }
        finally
        {
            if (Interlocked.CompareExchange(ref _telling, Telling.Nothing, Telling.Place) == Telling.EndAfterPlace)
            {
                Complete();
            }
        }
    }

    /// <summary>Tells the end, once. Outside the lock.</summary>
    public void Tell()
    {
        while (Interlocked.CompareExchange(ref _telling, Telling.End, Telling.Nothing) != Telling.Nothing)
        {
            if (Interlocked.CompareExchange(ref _telling, Telling.EndAfterPlace, Telling.Place) == Telling.Place)
            {
                return;
            }
        }

        Complete();
    }

    private void Complete()
    {
        if (Granted is not null || Refusal is not null)
        {
            _cancel.Unregister();
        }

        if (Granted is { } permit)
        {
            _told.SetResult(permit);
        }
        else if (Refusal is { } refusal)
        {
            _told.SetException(new CallException(refusal));
        }
        else
        {
            _told.SetCanceled(_token);
        }
    }

    private void OnCancel() => _scheduler.Cancel(this);

    private int Rank(TimeSpan now, TimeSpan aging) => now - Since >= aging ? 0 : Request.Priority == AttemptPriority.Interactive ? 1 : 2;

    private static class Telling
    {
        public const int Nothing = 0;
        public const int Place = 1;
        public const int EndAfterPlace = 2;
        public const int End = 3;
    }
}
