namespace Exai.Core.Admission;

/// <summary>
/// What permits are counted against: the whole daemon, a provider in it, a model at that provider. (A session's own allowance is counted
/// in its <see cref="Seat"/>.) Belongs to the scheduler's lock.
/// </summary>
internal class Scope(string name, Scope? parent, int configured)
{
    private const double Smoothing = 0.2;

    private static readonly TimeSpan FirstProbe = TimeSpan.FromSeconds(30);

    public string Name => name;

    /// <summary>The wider one; null for the daemon.</summary>
    public Scope? Parent => parent;

    public int Held { get; private set; }

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
    public virtual int Room(TimeSpan now) => Limit - Held;

    public virtual void Take(TimeSpan now) => Held++;

    public void GiveBack(TimeSpan heldFor)
    {
        Held--;
        AverageHold = AverageHold is { } average ? average + ((heldFor - average) * Smoothing) : heldFor;
    }
}

/// <summary>A provider: what holds for its key holds for all its models.</summary>
internal sealed class ProviderScope(string name, Scope global, int configured) : Scope(name, global, configured)
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
            Models[model] = scope = new Scope(model, this, Configured);
        }

        return scope;
    }
}
