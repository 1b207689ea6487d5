namespace Exai.Core.Admission;

/// <summary>
/// Who is next, when several could be. Belongs to the scheduler's lock.
/// <list type="number">
/// <item>The permit that is scarce decides whose turn counts. If the daemon has one permit left, it is the session whose last turn in the
/// daemon is longest ago; if all who could run are at one provider and that has one left, the session whose last turn there is; and so on
/// for models. So of n sessions that wait for the same permits, each gets every n-th.</item>
/// <item>Within the session, the waiters' own order: aged ones, interactive ones, background ones.</item>
/// <item>Turns in different scopes can play against each other, and a session's own attempts elsewhere can use up its allowance whenever
/// its turn comes. Therefore a flow that was passed over <c>2 n</c> times, with n sessions waiting, is overdue: overdue flows go before all
/// others, the one with the oldest waiter first, and if it is its own session that is in the way, the session's next free permit is kept
/// for it. So no flow is passed over more than <c>2 n + F</c> times, with F flows waiting, between two turns of its session that it could
/// have used; and its session uses those in its own order.</item>
/// </list>
/// </summary>
internal sealed class Turns(Scope global, int sessionLimit, TimeSpan aging)
{
    private readonly List<Flow> _able = [];
    private readonly List<Flow> _hindered = [];

    /// <summary>The next to be granted a permit; null when nobody can be.</summary>
    /// <param name="waiting">The flows in which somebody waits.</param>
    /// <param name="connected">How many sessions are connected.</param>
    public Waiter? Next(List<Flow> waiting, int connected, TimeSpan now)
    {
        if (waiting.Count == 0 || global.Room(now) <= 0)
        {
            return null;
        }

        Sort(waiting, connected, now);
        if (_able.Count == 0)
        {
            return null;
        }

        var next = OldestOverdue(now) ?? InTurn(now);
        CountPassed(next, now);
        return next;
    }

    public static bool IsAlone(Session session, int connected) => connected - (session.Connections > 0 ? 1 : 0) == 0;

    private void Sort(List<Flow> waiting, int connected, TimeSpan now)
    {
        _able.Clear();
        _hindered.Clear();
        foreach (var flow in waiting)
        {
            switch (flow.At(now, sessionLimit, IsAlone(flow.Session, connected)))
            {
                case Standing.Able:
                    _able.Add(flow);
                    break;
                case Standing.Hindered:
                    _hindered.Add(flow);
                    break;
            }
        }
    }

    private Waiter? OldestOverdue(TimeSpan now)
    {
        Waiter? oldest = null;
        foreach (var flow in _able)
        {
            if (IsOverdue(flow) && flow.Head(now, aging) is var head && (oldest is null || head.Number < oldest.Number))
            {
                oldest = head;
            }
        }

        return oldest;
    }

    /// <summary>By the turns of the narrowest scope that has one permit left and that all who compete for it share.</summary>
    private Waiter InTurn(TimeSpan now)
    {
        Scope? scarce = null;
        var scope = global;
        while (true)
        {
            scarce = scope.Room(now) == 1 ? scope : scarce;
            var turn = LongestAgo(scope);
            var inner = Inner(turn, scope);
            if (inner is null || (scarce is not null && _able.Exists(flow => Within(flow, scope) && !Within(flow, inner))))
            {
                return FirstOf(LongestAgo(scarce ?? scope).Session, scarce ?? scope, now);
            }

            scope = inner;
        }
    }

    /// <summary>Of the able flows within the scope, one of the session whose turn there is longest ago.</summary>
    private Flow LongestAgo(Scope scope)
    {
        Flow? found = null;
        var turn = long.MaxValue;
        foreach (var flow in _able)
        {
            if (Within(flow, scope) && SeatIn(flow, scope).Turn is var its && its < turn)
            {
                (found, turn) = (flow, its);
            }
        }

        return found!;
    }

    private Waiter FirstOf(Session session, Scope scope, TimeSpan now)
    {
        Waiter? first = null;
        foreach (var flow in _able)
        {
            if (flow.Session == session && Within(flow, scope) && flow.Head(now, aging) is var head && (first is null || head.GoesBefore(first, now, aging)))
            {
                first = head;
            }
        }

        return first!;
    }

    /// <summary>All that lost this permit: those who could have had it, and those whom only their own session's other attempts kept from it.</summary>
    private void CountPassed(Waiter next, TimeSpan now)
    {
        var lastOfAll = global.Room(now) == 1;
        foreach (var flow in _able)
        {
            if (flow.Session == next.Flow.Session)
            {
                // Its session had its turn, and another of its attempts goes first: that is its own order.
                flow.Passed = 0;
            }
            else if (lastOfAll || flow.Provider == next.Flow.Provider)
            {
                flow.Passed++;
            }
        }

        foreach (var flow in _hindered)
        {
            if (flow.Session != next.Flow.Session && flow.Provider == next.Flow.Provider)
            {
                flow.Passed++;
                if (IsOverdue(flow) && flow.Session.KeptFor is null)
                {
                    flow.Session.KeptFor = flow;
                }
            }
        }
    }

    private bool IsOverdue(Flow flow) => flow.Passed >= 2 * global.Waiting.Count;

    private Scope? Inner(Flow flow, Scope scope) => scope == flow.Scope ? null : scope == global ? flow.Provider : flow.Scope;

    private bool Within(Flow flow, Scope scope) => scope == global || scope == flow.Provider || scope == flow.Scope;

    private Seat SeatIn(Flow flow, Scope scope) => scope == flow.Scope ? flow : scope == global ? flow.Session.Seat : flow.Parent!;
}
