namespace Exai.Core.Admission;

/// <summary>
/// A limit learned from refusals: decreases by a third, increases by one, never above what is configured nor below 1. Increases are
/// tried only while the limit is used up: soon up to what was served before, and beyond that more rarely after each that was refused, so that a
/// provider's fixed limit costs few refusals and little of what it would serve.
/// A single refusal of what was served before may be chance, for a provider that is busy refuses anybody: it lowers nothing, the next one does.
/// </summary>
internal sealed class LearnedNumber
{
    public static readonly TimeSpan LongestProbe = TimeSpan.FromMinutes(30);

    /// <summary>So many must be served for a level to count as good, and after a refusal for the next one to be taken for chance.</summary>
    private const int Enough = 10;

    private readonly int _configured;
    private readonly TimeSpan _firstProbe;
    private int _servedBefore;
    private int _servedSinceRefused = Enough;
    private int _unproven;

    /// <param name="configured">The highest value, and the one that holds while nothing is learned.</param>
    /// <param name="firstProbe">How long the limit stays after the first refusal before one more is tried; doubles when that is refused.</param>
    public LearnedNumber(int configured, TimeSpan firstProbe) => (_configured, _firstProbe, Value) = (configured, firstProbe, configured);

    public int Value { get; private set; }

    public bool IsLearned => Value < _configured;

    /// <summary>How long the limit stays before one more than was ever served is tried; zero while nothing was refused.</summary>
    public TimeSpan ProbeAfter { get; private set; }

    /// <summary>When the value was last set.</summary>
    public TimeSpan ChangedAt { get; private set; }

    /// <summary>Counts changes, so that what is kept on disk is written only when there is something new.</summary>
    public int Version { get; private set; }

    /// <summary>Refused with <paramref name="used"/> in use, the refused one included: the first refusal of a burst.</summary>
    public void Decrease(int used, TimeSpan now)
    {
        var mayBeChance = used <= _servedBefore && _servedSinceRefused >= Enough && _unproven == 0;
        _servedSinceRefused = 0;
        if (mayBeChance)
        {
            return;
        }

        // What was refused long ago, and has been served since, says nothing any more.
        var forgotten = !IsLearned && now - ChangedAt >= LongestProbe;
        ProbeAfter = ProbeAfter == TimeSpan.Zero || forgotten ? _firstProbe : _unproven > 0 ? Min(ProbeAfter * 2, LongestProbe) : ProbeAfter;
        _servedBefore = Math.Min(_servedBefore, used - 1);
        _unproven = 0;
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

    /// <summary>Served, with <paramref name="used"/> in use; the limit is used up when that is as much.</summary>
    public void Served(int used, TimeSpan now)
    {
        _servedSinceRefused = Math.Min(_servedSinceRefused + 1, Enough);
        _servedBefore = Math.Max(_servedBefore, Math.Min(used, Value));
        _unproven -= used >= Value && _unproven > 0 ? 1 : 0;
        if (used >= Value && IsLearned && now - ChangedAt >= (Value < _servedBefore ? _firstProbe : ProbeAfter))
        {
            _unproven = Enough;
            Set(Value + 1, now);
        }
    }

    /// <summary>What an earlier daemon had learned, or another one has.</summary>
    /// <param name="changedAt">When it was: a limit that is older than this daemon is due for one more as soon as it would have been there.</param>
    public void Restore(int value, TimeSpan probeAfter, TimeSpan changedAt)
    {
        Set(value, changedAt);
        _servedBefore = Math.Min(_servedBefore, Value);
        ProbeAfter = IsLearned ? Min(probeAfter, LongestProbe) : TimeSpan.Zero;
    }

    private void Set(int value, TimeSpan at)
    {
        Value = Math.Clamp(value, 1, _configured);
        ChangedAt = at;
        Version++;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
