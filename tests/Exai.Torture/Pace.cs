namespace Exai.Torture;

/// <summary>
/// Keeps calls and faults together, so that every fault meets calls in flight, and knows what was pending when a daemon died. Thread-safe.
/// </summary>
internal sealed class Pace(Plan plan, TimeSpan? limit, TimeProvider time)
{
    /// <summary>So many faults may be due before callers wait for them.</summary>
    private const int Ahead = 3;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly Lock _gate = new();
    private readonly HashSet<Asked> _pending = new(ReferenceEqualityComparer.Instance);
    private readonly List<Asked> _all = [];
    private readonly List<Recovery> _deaths = [];
    private readonly List<Recovery> _recoveries = [];
    private int _answered;
    private int _faults;
    private bool _over;

    public IReadOnlyList<Asked> Calls
    {
        get
        {
            lock (_gate)
                return [.. _all];
        }
    }

    public IReadOnlyList<Recovery> Recoveries
    {
        get
        {
            lock (_gate)
                return [.. _recoveries];
        }
    }

    public TimeSpan Elapsed => time.GetUtcNow() - _startedAt;

    /// <summary>False when the time of the run is over.</summary>
    public async Task<bool> MayBeginAsync()
    {
        while (!_over && !(Elapsed > limit))
        {
            lock (_gate)
            {
                if ((long)_all.Count * plan.Faults.Count <= (long)(_faults + Ahead) * plan.Calls.Count)
                    return true;
            }

            await Task.Delay(Look, time);
        }

        return false;
    }

    /// <summary>False when no call is left to be hurt.</summary>
    public async Task<bool> IsDueAsync(PlannedFault fault)
    {
        while (!_over)
        {
            lock (_gate)
            {
                if ((long)_answered * plan.Faults.Count >= (long)fault.Number * plan.Calls.Count)
                    return true;
            }

            await Task.Delay(Look, time);
        }

        return false;
    }

    public void Begin(Asked ask)
    {
        lock (_gate)
        {
            _all.Add(ask);
            _pending.Add(ask);
        }
    }

    public void End(Asked ask, Answer? answer)
    {
        lock (_gate)
        {
            _answered++;
            _pending.Remove(ask);
            if (answer is null)
                return;
            ask.AnsweredAt = answer.At;
            foreach (var recovery in _recoveries)
                recovery.Answered(ask, answer.At);
        }
    }

    public void Played()
    {
        lock (_gate)
            _faults++;
    }

    /// <summary>Something happens after which it is of interest when the pending calls are answered.</summary>
    public void Befalls(string what)
    {
        lock (_gate)
            _recoveries.Add(new Recovery(time.GetUtcNow(), [.. _pending]) { What = what });
    }

    /// <summary>A daemon is about to die.</summary>
    /// <param name="killed">Without having been asked.</param>
    public Recovery Dies(bool killed)
    {
        lock (_gate)
        {
            var recovery = new Recovery(time.GetUtcNow(), [.. _pending]);
            _deaths.Add(recovery);
            if (killed)
                _recoveries.Add(recovery);
            return recovery;
        }
    }

    /// <summary>From now on the dying daemon takes no call any more.</summary>
    public void IsDeaf(Recovery death)
    {
        lock (_gate)
            death.DeafAt ??= time.GetUtcNow();
    }

    /// <summary>
    /// How many deaths a call may have met. A daemon takes calls until the signal has reached it, and drains for a while: one that is sent just after the signal may still lose it.
    /// </summary>
    public int DeathsBetween(DateTimeOffset from, DateTimeOffset to)
    {
        lock (_gate)
            return _deaths.Count(death => death.At <= to && !(death.DeafAt < from));
    }

    public void Over() => _over = true;
}

/// <summary>A daemon's death and the calls that were pending at it. Guarded by its <see cref="Pace"/>.</summary>
internal sealed class Recovery(DateTimeOffset at, Asked[] pending)
{
    public DateTimeOffset At => at;

    public string What { get; init; } = "kill";

    /// <summary>When it was seen to take no call any more; null while it was not.</summary>
    public DateTimeOffset? DeafAt { get; set; }

    private readonly HashSet<Asked> _pending = new(pending, ReferenceEqualityComparer.Instance);

    /// <summary>From the kill until the next daemon serves; null if none was seen.</summary>
    public TimeSpan? Ready { get; private set; }

    /// <summary>From the kill until the next daemon had answered a call that was pending at it.</summary>
    public TimeSpan? First { get; private set; }

    /// <summary>From the kill until each pending call was answered.</summary>
    public List<TimeSpan> All { get; } = [];

    public void Serves(DateTimeOffset now) => Ready ??= now - at;

    public void Answered(Asked ask, DateTimeOffset when)
    {
        if (!_pending.Remove(ask))
            return;
        All.Add(when - at);
        if (Ready is not null)
            First ??= when - at;
    }
}
