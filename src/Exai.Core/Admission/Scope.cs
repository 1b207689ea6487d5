using Exai.Core.Admission.Shares;

namespace Exai.Core.Admission;

/// <summary>
/// What permits are counted against: the whole daemon, a provider in it, a model at that provider. (A session's own allowance is counted
/// in its <see cref="Seat"/>.) Belongs to the scheduler's lock.
/// </summary>
/// <param name="lease">Of a model, where daemons share its permits: without it nothing begins, nor beyond <see cref="Share"/>.</param>
internal class Scope(string name, Scope? parent, int configured, ShareLease? lease = null)
{
    private const double Smoothing = 0.2;

    private static readonly TimeSpan FirstProbe = TimeSpan.FromSeconds(30);

    private int _most;

    public string Name => name;

    /// <summary>The wider one; null for the daemon.</summary>
    public Scope? Parent => parent;

    public int Held { get; private set; }

    /// <summary>Of a model that daemons share: new attempts may begin up to so many under way here.</summary>
    public int Share { get; set; }

    /// <summary>When a permit beyond so many comes back, it is another daemon's turn.</summary>
    public int Reusable { get; set; }

    /// <summary>What other daemons held at the last exchange; 0 where none shares.</summary>
    public int Elsewhere { get; set; }

    /// <summary>In all daemons.</summary>
    public int Busy => Held + Elsewhere;

    /// <summary>Permits taken since the start.</summary>
    public long Taken { get; private set; }

    /// <summary>What its provider has taught about it.</summary>
    public LearnedNumber Learned { get; } = new(configured, FirstProbe);

    public int Configured => configured;

    public int Limit => Learned.Value;

    /// <summary>How long a permit was held lately; null before the first came back.</summary>
    public TimeSpan? AverageHold { get; private set; }

    /// <summary>The sessions that wait for a permit here.</summary>
    public List<Seat> Waiting { get; } = [];

    public int WaitingAttempts { get; set; }

    /// <summary>Permits that can be granted here now; negative after the limit was lowered.</summary>
    public virtual int Room(TimeSpan now) => (lease is null ? Limit : lease.Holds ? Math.Min(Limit, Share) : 0) - Held;

    public virtual void Take(TimeSpan now)
    {
        Held++;
        Taken++;
        _most = Math.Max(_most, Held);
    }

    /// <summary>The most that was held at once since this was last asked.</summary>
    public int TakeMost()
    {
        var most = _most;
        _most = Held;
        return most;
    }

    public void GiveBack(TimeSpan heldFor)
    {
        Held--;
        Share -= Share > Reusable ? 1 : 0;
        AverageHold = AverageHold is { } average ? average + ((heldFor - average) * Smoothing) : heldFor;
    }
}

/// <summary>A provider: what holds for its key holds for all its models.</summary>
/// <param name="lease">Where daemons share permits.</param>
internal sealed class ProviderScope(string name, Scope global, int configured, ShareLease? lease = null) : Scope(name, global, configured)
{
    public ProviderThrottle Throttle { get; } = new();

    /// <summary>By model.</summary>
    public Dictionary<string, Scope> Models { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The turn at which a limit was last lowered: refusals of older permits belong to the same burst.</summary>
    public long LoweredAtTurn { get; set; }

    public override int Room(TimeSpan now) => Math.Min(base.Room(now), Throttle.Room(now, Held));

    public override void Take(TimeSpan now)
    {
        base.Take(now);
        Throttle.OnGranted(now);
    }

    public Scope Model(string model)
    {
        if (!Models.TryGetValue(model, out var scope))
        {
            Models[model] = scope = new Scope(model, this, Configured, lease);
        }

        return scope;
    }
}
