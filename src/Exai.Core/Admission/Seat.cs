namespace Exai.Core.Admission;

/// <summary>A session within one scope: what it holds there, and when it had its last turn. Belongs to the scheduler's lock.</summary>
internal class Seat(Session session, Scope scope, Seat? parent)
{
    public Session Session => session;

    public Scope Scope => scope;

    /// <summary>The same session in the wider scope; null in the daemon's.</summary>
    public Seat? Parent => parent;

    public int Held { get; private set; }

    public int Waiting { get; private set; }

    /// <summary>When it was last granted a permit here, or began to wait: of those who wait, the lowest has the next turn.</summary>
    public long Turn { get; private set; }

    /// <summary>The last permit of all, while there are others that might need one.</summary>
    public bool WouldTakeAll => scope.Limit > 1 && Held + 1 >= scope.Limit;

    /// <summary>Permits that it may have before it would take all.</summary>
    public int BeforeAll => scope.Limit > 1 ? Math.Max(0, scope.Limit - 1 - Held) : int.MaxValue;

    public void Join(long turn)
    {
        scope.WaitingAttempts++;
        if (Waiting++ == 0)
        {
            Turn = turn;
            scope.Waiting.Add(this);
        }

        parent?.Join(turn);
    }

    public void Leave()
    {
        scope.WaitingAttempts--;
        if (--Waiting == 0)
        {
            scope.Waiting.Remove(this);
        }

        parent?.Leave();
    }

    public void Take(long turn, TimeSpan now)
    {
        Held++;
        Turn = turn;
        scope.Take(now);
        parent?.Take(turn, now);
    }

    public void GiveBack(TimeSpan heldFor)
    {
        Held--;
        scope.GiveBack(heldFor);
        parent?.GiveBack(heldFor);
    }
}
