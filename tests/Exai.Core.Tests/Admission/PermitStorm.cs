using Exai.Core.Admission;
using Exai.Protocol;

namespace Exai.Core.Tests.Admission;

/// <summary>Random events against a scheduler, and an account of what they must have led to, kept apart from the scheduler's own.</summary>
internal sealed class PermitStorm : IDisposable
{
    private const int Providers = 3;
    private const int Models = 2;

    private readonly int _seed;
    private readonly bool _refusals;
    private readonly Random _random;
    private readonly AdmissionOptions _options;
    private readonly AdmissionWorld _world;
    private readonly int _sessions;
    private readonly int[] _links;
    private readonly int[] _heldBySession;
    private readonly int[] _heldByProvider = new int[Providers];
    private readonly int[,] _held;
    private readonly List<Entry> _waiting = [];
    private readonly List<Entry> _running = [];
    private readonly FlowAccount[] _flows;
    private readonly HashSet<string> _ended = [];
    private TimeSpan _now;
    private int _arrived;
    private int _grants;
    private int _cancelled;
    private int _timedOut;
    private int _refused;
    private int _overCapacity;
    private int _lost;
    private int _longestQueue;
    private int _mostPassed;
    private double _nearestToBound;
    private TimeSpan _longestWait;

    public PermitStorm(int seed, bool refusals)
    {
        _seed = seed;
        _refusals = refusals;
        _random = new Random(seed);
        _sessions = 2 + _random.Next(7);
        (_links, _heldBySession, _held) = (new int[_sessions], new int[_sessions], new int[_sessions, Providers]);
        _flows = [.. Enumerable.Range(0, _sessions * Providers * Models).Select(_ => new FlowAccount())];
        _options = new AdmissionOptions
        {
            GlobalLimit = 1 + _random.Next(8),
            SessionLimit = 1 + _random.Next(5),
            ProviderLimits = Enumerable.Range(0, Providers).ToDictionary(ProviderName, _ => 1 + _random.Next(5)),
            QueueMax = 5 + _random.Next(40),
            QueueTimeout = seed % 3 == 0 ? TimeSpan.FromSeconds(6) : null,
        };
        _world = new AdmissionWorld(_options);
    }

    public string Summary => $"seed {_seed}: {_grants} grants, {_cancelled} cancelled, {_timedOut} timed out, {_refused} refused by the provider, {_overCapacity} over capacity, "
        + $"{_lost} lost, queue at most {_longestQueue}, wait at most {_longestWait.TotalSeconds:0.0} s, passed over at most {_mostPassed} times ({_nearestToBound:P0} of the bound)";

    public void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Step();
            Settle();
            Check();
        }

        End();
    }

    public void Dispose() => _world.Dispose();

    // ── Events ───────────────────────────────────────────────────────────────────────────────────────────────────────

    private void Step()
    {
        switch (_random.Next(20))
        {
            case < 7:
                Arrive();
                break;
            case < 13 when _running.Count > 0:
                EndOne(Pick(_running));
                break;
            case 13 when _waiting.Count > 0 && _random.Next(3) == 0:
                _cancelled++;
                Pick(_waiting).Attempt.Token.Cancel();
                break;
            case 14:
                Connect(_random.Next(_sessions));
                break;
            case 15:
                Leave(_random.Next(_sessions));
                break;
            case 16 when _running.Count > 0 && _random.Next(20) == 0:
                Lose(Pick(_running));
                break;
            default:
                _now += TimeSpan.FromMilliseconds(_random.Next(_refusals ? 5000 : 400));
                _world.Time.Advance(_now - _world.Elapsed);
                break;
        }
    }

    private void Arrive()
    {
        var (session, provider, model) = (_random.Next(_sessions), _random.Next(Providers), _random.Next(Models));
        var call = $"call-{++_arrived}";
        IDisposable? place = null;
        if (_random.Next(4) > 0 && (place = TryReserve(call, session)) is null)
        {
            return;
        }

        // A later attempt of an accepted call: never refused, so it only comes while the queue is short, or there would be no end to it.
        if (place is null && _waiting.Count > 2 * _options.QueueMax)
        {
            return;
        }

        var attempt = _world.Ask(
            SessionName(session), ProviderName(provider), $"model-{provider}-{model}", (AttemptPriority)_random.Next(2), call, queued => OnQueued(call, queued));
        _waiting.Add(new Entry(attempt, session, provider, model, _now, place));
    }

    private IDisposable? TryReserve(string call, int session)
    {
        try
        {
            return _world.Permits.Reserve(call, SessionName(session));
        }
        catch (CallException refusal)
        {
            _overCapacity++;
            Require(refusal.Error is { Code: ErrorCodes.OverCapacity, RetryAfterSecs: >= 1 and <= 60 }, "refused without a time to come back");
            var sharing = Enumerable.Range(0, _sessions).Count(other => other == session || _links[other] > 0 || _waiting.Exists(entry => entry.Session == other));
            Require(_waiting.Count(entry => entry.Session == session) >= Math.Max(1, _options.QueueMax / sharing), "refused below its share");
            return null;
        }
    }

    private void OnQueued(string call, QueuePlace place)
    {
        Require(!_ended.Contains(call), "told of its place after its wait had ended");
        Require(place.Place >= 1 && place.Place <= _waiting.Count + 1 && place.EstimatedWait is not { Ticks: < 0 }, "told of an impossible place");
    }

    private void EndOne(Entry entry)
    {
        var (signal, retryAfter) = (_refusals ? _random.Next(20) : _random.Next(2)) switch
        {
            0 => (ProviderSignal.Neutral, (TimeSpan?)null),
            2 => (ProviderSignal.Refused, TimeSpan.FromSeconds(_random.Next(3))),
            _ => (ProviderSignal.Served, null),
        };
        _refused += signal == ProviderSignal.Refused ? 1 : 0;
        entry.Attempt.End(signal, retryAfter);
        // Once more, late: it must change nothing.
        entry.Attempt.Held.Dispose();
        Ended(entry);
    }

    /// <summary>Its owner goes without giving the permit back, which the audit finds; its late dispose changes nothing.</summary>
    private void Lose(Entry entry)
    {
        entry.Attempt.Alive.Dispose();
        _world.Permits.TakeBackLost().ShouldBe([entry.Attempt.Alive.Owner]);
        _world.Permits.TakeBackLost().ShouldBeEmpty();
        entry.Attempt.Held.Dispose();
        Ended(entry);
        _lost++;
    }

    private void Connect(int session)
    {
        _links[session]++;
        _world.Permits.SessionConnected(SessionName(session));
    }

    private void Leave(int session)
    {
        _links[session] = Math.Max(0, _links[session] - 1);
        _world.Permits.SessionLeft(SessionName(session));
    }

    // ── Account ──────────────────────────────────────────────────────────────────────────────────────────────────────

    private void Ended(Entry entry)
    {
        _running.Remove(entry);
        _heldBySession[entry.Session]--;
        _heldByProvider[entry.Provider]--;
        _held[entry.Session, entry.Provider]--;
        entry.Place?.Dispose();
    }

    private void Settle()
    {
        foreach (var gone in _waiting.Where(entry => entry.Attempt.Permit.IsCompleted && !entry.Attempt.Runs).ToList())
        {
            _timedOut += gone.Attempt.Permit.IsFaulted ? 1 : 0;
            _ended.Add(gone.Attempt.Request.CallId);
            _waiting.Remove(gone);
            gone.Attempt.Alive.Dispose();
            gone.Place?.Dispose();
            Forget(gone);
        }

        // In the order in which they were decided.
        foreach (var granted in _waiting.Where(entry => entry.Attempt.Runs).OrderBy(entry => ((Permit)entry.Attempt.Held).Turn).ToList())
        {
            if (!_refusals)
            {
                AccountForTurns(granted);
            }

            _grants++;
            _ended.Add(granted.Attempt.Request.CallId);
            _waiting.Remove(granted);
            _running.Add(granted);
            _heldBySession[granted.Session]++;
            _heldByProvider[granted.Provider]++;
            _held[granted.Session, granted.Provider]++;
            Forget(granted);
            _longestWait = _now - granted.Since > _longestWait ? _now - granted.Since : _longestWait;
            Require(
                IsAlone(granted.Session)
                    || ((_options.GlobalLimit == 1 || _heldBySession[granted.Session] < _options.GlobalLimit)
                        && (Limit(granted.Provider) == 1 || _held[granted.Session, granted.Provider] < Limit(granted.Provider))),
                "granted all that there is while others were connected");
        }
    }

    /// <summary>Who else could have had this permit was passed over; the scheduler promises how often that can happen.</summary>
    private void AccountForTurns(Entry granted)
    {
        var flows = _waiting.GroupBy(Flow).Select(flow => flow.First()).ToList();
        var sessions = flows.Select(flow => flow.Session).Distinct().Count();
        var lastOfAll = _options.GlobalLimit - _running.Count == 1;
        foreach (var flow in flows)
        {
            var account = _flows[Flow(flow)];
            account.Bound = Math.Max(account.Bound, (2 * sessions) + flows.Count);
            if (flow.Session == granted.Session && CouldRun(flow))
            {
                // Its session's turn, used in the session's own order.
                account.Clear();
            }
            else if (CouldRun(flow) && (lastOfAll || flow.Provider == granted.Provider))
            {
                account.Passed++;
                _mostPassed = Math.Max(_mostPassed, account.Passed);
                _nearestToBound = Math.Max(_nearestToBound, (double)account.Passed / account.Bound);
                Require(account.Passed <= account.Bound, $"passed over {account.Passed} times, bound {account.Bound}: starves");
            }
        }

        _flows[Flow(granted)].Clear();
    }

    /// <summary>A flow in which nobody waits any more has nothing to be owed.</summary>
    private void Forget(Entry entry)
    {
        if (!_waiting.Exists(other => Flow(other) == Flow(entry)))
        {
            _flows[Flow(entry)].Clear();
        }
    }

    private bool CouldRun(Entry flow) =>
        _running.Count < _options.GlobalLimit && _heldByProvider[flow.Provider] < Limit(flow.Provider) && _heldBySession[flow.Session] < _options.SessionLimit
        && (IsAlone(flow.Session)
            || ((_options.GlobalLimit == 1 || _heldBySession[flow.Session] + 1 < _options.GlobalLimit)
                && (Limit(flow.Provider) == 1 || _held[flow.Session, flow.Provider] + 1 < Limit(flow.Provider))));

    // ── Checks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    private void Check()
    {
        var snapshot = _world.Permits.Snapshot();
        Require(snapshot.Global.Held == _running.Count, "permits held are not the attempts that run");
        Require(snapshot.Global.Queued == _waiting.Count, "attempts queued are not those that wait");
        Require(_running.Count <= _options.GlobalLimit, "too many in all");
        foreach (var provider in snapshot.Providers)
        {
            var index = int.Parse(provider.Scope.Name);
            Require(provider.Scope.Held == _heldByProvider[index], "permits held at a provider are not the attempts that run there");
            Require(provider.Scope.Held <= Limit(index), "too many at a provider");
            Require(provider.Scope.Limit >= 1 && provider.Scope.Limit <= Limit(index), "learned more than is configured, or nothing at all");
        }

        foreach (var session in snapshot.Sessions)
        {
            var index = int.Parse(session.Id);
            Require(session.Held == _heldBySession[index] && session.Connections == _links[index], "a session holds what it does not run");
            Require(session.Held <= _options.SessionLimit, "too many in a session");
        }

        CheckQueue(snapshot);
        if (!_refusals)
        {
            CheckNobodyWaitsInVain();
        }
    }

    private void CheckQueue(AdmissionSnapshot snapshot)
    {
        // Sessions that join one after the other find their share although the earlier ones have used up theirs.
        var bound = Enumerable.Range(1, _sessions).Sum(sessions => Math.Max(1, _options.QueueMax / sessions)) + _options.GlobalLimit;
        Require(_waiting.Count(entry => entry.Place is not null) <= bound, "the queue is too long");
        _longestQueue = Math.Max(_longestQueue, snapshot.Global.Queued);
        if (_options.QueueTimeout is { } limit)
        {
            Require(_waiting.TrueForAll(entry => _now - entry.Since < limit), "waits beyond the queue clock");
        }
    }

    private void CheckNobodyWaitsInVain()
    {
        foreach (var entry in _waiting)
        {
            if (CouldRun(entry))
            {
                // The one reason: the session's last free permit is kept for another of its attempts, which lost too many turns.
                Require(
                    _heldBySession[entry.Session] == _options.SessionLimit - 1 && _waiting.Exists(other => other.Session == entry.Session && Flow(other) != Flow(entry)),
                    "waits although everything has room for it");
            }
        }
    }

    /// <summary>No more arrivals: everything that waits is served in the end, and nothing stays behind.</summary>
    private void End()
    {
        for (var session = 0; session < _sessions; session++)
        {
            while (_links[session] > 0)
            {
                Leave(session);
            }
        }

        Settle();
        for (var patience = 0; _waiting.Count + _running.Count > 0; patience++)
        {
            Require(patience < 100_000, "some wait and nothing happens");
            if (_running.Count > 0)
            {
                var last = _running[0];
                last.Attempt.End();
                Ended(last);
            }
            else
            {
                Require(_world.Time.AdvanceToNextTimer(), "some wait for nothing");
                _now = _world.Elapsed;
            }

            Settle();
        }

        var snapshot = _world.Permits.Snapshot();
        snapshot.Global.ShouldBe(new ScopeSnapshot("global", 0, _options.GlobalLimit, 0));
        snapshot.Sessions.ShouldBeEmpty();
        snapshot.Providers.ShouldAllBe(provider => provider.Scope.Held == 0 && provider.Scope.Queued == 0);
        _world.Attempts.Count.ShouldBe(0);
        _world.Log.Errors.ShouldBeEmpty();
    }

    private void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ShouldAssertException($"seed {_seed}, attempt {_arrived}: {otherwise} ({_options})");
        }
    }

    private Entry Pick(List<Entry> from) => from[_random.Next(from.Count)];

    private bool IsAlone(int session)
    {
        for (var other = 0; other < _sessions; other++)
        {
            if (other != session && _links[other] > 0)
            {
                return false;
            }
        }

        return true;
    }

    private int Limit(int provider) => _options.ProviderLimits[ProviderName(provider)];

    private static int Flow(Entry entry) => (((entry.Session * Providers) + entry.Provider) * Models) + entry.Model;

    private static string SessionName(int session) => session.ToString();

    private static string ProviderName(int provider) => provider.ToString();

    private sealed record Entry(TestAttempt Attempt, int Session, int Provider, int Model, TimeSpan Since, IDisposable? Place);

    private sealed class FlowAccount
    {
        public int Passed { get; set; }

        /// <summary>The highest that applied while it waited.</summary>
        public int Bound { get; set; }

        public void Clear() => (Passed, Bound) = (0, 0);
    }
}
