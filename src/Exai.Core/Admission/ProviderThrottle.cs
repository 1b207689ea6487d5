namespace Exai.Core.Admission;

/// <summary>
/// What time alone holds back at a provider, for all attempts under its key: a pause that it asked for, the slow start after it, and a
/// learned number of requests a minute. Belongs to the scheduler's lock.
/// </summary>
internal sealed class ProviderThrottle
{
    public static readonly TimeSpan RampStep = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    /// <summary>Rates beyond this are not told from concurrency.</summary>
    private const int HighestRate = 500;

    private readonly Queue<TimeSpan> _granted = [];
    private readonly Queue<TimeSpan> _served = [];
    private TimeSpan _pausedUntil;
    private Ramp? _ramp;
    private int _refusedAlone;

    /// <summary>A rate takes minutes to tell whether one more was too many.</summary>
    public LearnedNumber PerMinute { get; } = new(HighestRate, TimeSpan.FromMinutes(5));

    /// <summary>Daemons that ask under this key: each uses its part of the requests a minute.</summary>
    public int Sharers { get; set; } = 1;

    /// <summary>When the pause ends; null when there is none.</summary>
    public TimeSpan? PausedUntil(TimeSpan now) => now < _pausedUntil ? _pausedUntil : null;

    /// <summary>Permits that time lets through now.</summary>
    public int Room(TimeSpan now, int held) => now < _pausedUntil ? 0 : Math.Min(RampLimit(now) - held, RateLeft(now));

    /// <summary>When time alone opens it further; null when it is not time that is missing.</summary>
    /// <param name="limit">What the slow start leads to.</param>
    public TimeSpan? OpensAt(TimeSpan now, int limit)
    {
        _ramp = RampLimit(now) >= limit ? null : _ramp;
        if (now < _pausedUntil)
        {
            return _pausedUntil;
        }

        var rate = IsRateUsedUp(now) ? _granted.ElementAt(_granted.Count - Rate) + Minute : (TimeSpan?)null;
        var ramp = _ramp is { From: { } from } ? from + (RampStep * ((int)((now - from) / RampStep) + 1)) : (TimeSpan?)null;
        return rate is null || (ramp is not null && ramp < rate) ? ramp : rate;
    }

    public void OnGranted(TimeSpan now)
    {
        Add(_granted, now, now);
        if (_ramp is { From: null } ramp)
        {
            _ramp = ramp with { From = now };
        }
    }

    public void OnServed(TimeSpan grantedAt, TimeSpan now)
    {
        PerMinute.Served(IsRateUsedUp(now) ? PerMinute.Value : 0, now);
        Add(_served, grantedAt, now);
        _refusedAlone = 0;
        if (_ramp is { } ramp)
        {
            _ramp = ramp with { Served = ramp.Served + 1 };
        }
    }

    /// <summary>No attempt starts before; those that start then do so one after the other.</summary>
    public void Pause(TimeSpan until)
    {
        _pausedUntil = until > _pausedUntil ? until : _pausedUntil;
        _ramp = new Ramp(From: null, Served: 0);
    }

    /// <summary>
    /// Refused with nothing else running, so it was not concurrency. Each such refusal makes the next attempt wait longer. If that one is refused
    /// too although several were served within the last minute, so many a minute are what the provider grants; one refusal alone may be chance.
    /// </summary>
    public void OnRefusedAlone(TimeSpan now)
    {
        var served = _served.Count(grantedAt => grantedAt + Minute > now);
        if (served >= 2 && _granted.Count < HighestRate && (_refusedAlone > 0 || PerMinute.IsLearned))
        {
            PerMinute.Decrease(HighestRate, now);
            PerMinute.CapAt(served * Sharers, now);
        }
        else
        {
            Pause(now + TimeSpan.FromSeconds(Math.Min(Math.Pow(2, _refusedAlone++), LongestBackoff.TotalSeconds)));
        }
    }

    private int RampLimit(TimeSpan now) => _ramp switch
    {
        null => int.MaxValue,
        { From: { } from } ramp => 1 + ramp.Served + (int)((now - from) / RampStep),
        _ => 1,
    };

    private int Rate => Math.Max(1, PerMinute.Value / Sharers);

    private bool IsRateUsedUp(TimeSpan now) => RateLeft(now) <= 0;

    private int RateLeft(TimeSpan now)
    {
        if (!PerMinute.IsLearned)
        {
            return int.MaxValue;
        }

        DropOlder(_granted, now);
        return Rate - _granted.Count;
    }

    private static void Add(Queue<TimeSpan> times, TimeSpan at, TimeSpan now)
    {
        times.Enqueue(at);
        DropOlder(times, now);
    }

    private static void DropOlder(Queue<TimeSpan> times, TimeSpan now)
    {
        while (times.Count > HighestRate || (times.TryPeek(out var first) && first + Minute <= now))
        {
            times.Dequeue();
        }
    }

    /// <param name="From">When the first attempt after the pause started.</param>
    /// <param name="Served">How many were served since.</param>
    private sealed record Ramp(TimeSpan? From, int Served);
}
