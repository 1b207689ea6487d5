namespace Exai.Core.Admission;

/// <summary>
/// A limit learned from refusals: decreases by a third, increases by one, never above what is configured nor below 1. Increases are
/// tried only while the limit is used up, and more rarely after each refusal, so that a provider's fixed limit costs few refusals.
/// </summary>
internal sealed class LearnedNumber
{
    public static readonly TimeSpan LongestProbe = TimeSpan.FromMinutes(30);

    private readonly int _configured;
    private readonly TimeSpan _firstProbe;
    private TimeSpan _changedAt;

    /// <param name="configured">The highest value, and the one that holds while nothing is learned.</param>
    /// <param name="firstProbe">How long the limit stays after the first refusal before one more is tried; doubles with each refusal.</param>
    public LearnedNumber(int configured, TimeSpan firstProbe) => (_configured, _firstProbe, Value) = (configured, firstProbe, configured);

    public int Value { get; private set; }

    public bool IsLearned => Value < _configured;

    /// <summary>How long the limit stays before one more is tried; zero while nothing is learned.</summary>
    public TimeSpan ProbeAfter { get; private set; }

    /// <summary>Counts changes, so that what is kept on disk is written only when there is something new.</summary>
    public int Version { get; private set; }

    /// <summary>Refused with <paramref name="used"/> in use, the refused one included: the first refusal of a burst.</summary>
    public void Decrease(int used, TimeSpan now)
    {
        Set(Math.Min(Value, used) * 2 / 3, now);
        ProbeAfter = ProbeAfter == TimeSpan.Zero ? _firstProbe : Min(ProbeAfter * 2, LongestProbe);
    }

    /// <summary>Refused, and so at most <paramref name="served"/> are served.</summary>
    public void CapAt(int served, TimeSpan now)
    {
        if (served < Value)
        {
            Set(served, now);
        }
    }

    /// <summary>Served, with the limit used up or not.</summary>
    public void Served(bool usedUp, TimeSpan now)
    {
        if (IsLearned && usedUp && now - _changedAt >= ProbeAfter)
        {
            Set(Value + 1, now);
        }
    }

    /// <summary>What an earlier daemon had learned.</summary>
    public void Restore(int value, TimeSpan probeAfter, TimeSpan now)
    {
        Set(value, now);
        ProbeAfter = IsLearned ? Min(probeAfter, LongestProbe) : TimeSpan.Zero;
    }

    private void Set(int value, TimeSpan now)
    {
        Value = Math.Clamp(value, 1, _configured);
        _changedAt = now;
        Version++;
        if (!IsLearned)
        {
            ProbeAfter = TimeSpan.Zero;
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
