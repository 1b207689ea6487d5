namespace Exai.Core.Admission;

/// <summary>
/// A limit learned from refusals: decreases by a third, increases by one, never above what is configured nor below 1. Increases are
/// tried only while the limit is used up: soon up to what was served before, and beyond that more rarely after each refusal, so that a
/// provider's fixed limit costs few refusals and little of what it would serve.
/// </summary>
internal sealed class LearnedNumber
{
    public static readonly TimeSpan LongestProbe = TimeSpan.FromMinutes(30);

    private readonly int _configured;
    private readonly TimeSpan _firstProbe;
    private TimeSpan _changedAt;
    private int _servedBefore;

    /// <param name="configured">The highest value, and the one that holds while nothing is learned.</param>
    /// <param name="firstProbe">How long the limit stays after the first refusal before one more is tried; doubles with each refusal.</param>
    public LearnedNumber(int configured, TimeSpan firstProbe) => (_configured, _firstProbe, Value) = (configured, firstProbe, configured);

    public int Value { get; private set; }

    public bool IsLearned => Value < _configured;

    /// <summary>How long the limit stays before one more than was ever served is tried; zero while nothing was refused.</summary>
    public TimeSpan ProbeAfter { get; private set; }

    /// <summary>Counts changes, so that what is kept on disk is written only when there is something new.</summary>
    public int Version { get; private set; }

    /// <summary>Refused with <paramref name="used"/> in use, the refused one included: the first refusal of a burst.</summary>
    public void Decrease(int used, TimeSpan now)
    {
        // What was refused long ago, and has been served since, says nothing any more.
        var forgotten = !IsLearned && now - _changedAt >= LongestProbe;
        ProbeAfter = ProbeAfter == TimeSpan.Zero || forgotten ? _firstProbe : Min(ProbeAfter * 2, LongestProbe);
        _servedBefore = Math.Min(_servedBefore, used - 1);
        Set(Math.Min(Value, used) * 2 / 3, now);
    }

    /// <summary>Refused, and so at most <paramref name="served"/> are served.</summary>
    public void CapAt(int served, TimeSpan now)
    {
        _servedBefore = Math.Min(_servedBefore, served);
        if (served < Value)
        {
            Set(served, now);
        }
    }

    /// <summary>Served, with the limit used up or not.</summary>
    public void Served(bool usedUp, TimeSpan now)
    {
        if (!usedUp)
        {
            return;
        }

        _servedBefore = Math.Max(_servedBefore, Value);
        if (IsLearned && now - _changedAt >= (Value < _servedBefore ? _firstProbe : ProbeAfter))
        {
            Set(Value + 1, now);
        }
    }

    /// <summary>What an earlier daemon had learned, or another one has.</summary>
    public void Restore(int value, TimeSpan probeAfter, TimeSpan now)
    {
        Set(value, now);
        _servedBefore = Math.Min(_servedBefore, Value);
        ProbeAfter = IsLearned ? Min(probeAfter, LongestProbe) : TimeSpan.Zero;
    }

    private void Set(int value, TimeSpan now)
    {
        Value = Math.Clamp(value, 1, _configured);
        _changedAt = now;
        Version++;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
