using Exai.Core.Admission.Shares;
using Exai.Core.Telemetry;
using Exai.Protocol;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Admission;

/// <summary>
/// Grants permits, fairly between sessions (<see cref="Turns"/>). One lock guards all counts and queues; whoever changes something under
/// it also grants what can be granted by then, so that outside the lock no waiter waits for whom every scope has room. Ends of waits and
/// callbacks are told outside the lock. Thread-safe.
/// <code>
/// attempt:  Queued → Held       a permit of every scope is free, and it is its turn
///           Queued → (cancelled | timed out)
///           Held   → Released   disposed
///           Held   → TakenBack  its owner is gone; a later dispose changes nothing
/// place:    Reserved → Queued | Held   the call's first attempt asks
///           Reserved → (disposed)      the call ended without asking
/// </code>
/// </summary>
internal sealed class PermitScheduler : IPermits, IQueuePlaces, ISessionPresence, IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.MaxValue;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ProviderScope> _providers = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Reservation> _reservations = new(StringComparer.Ordinal);
    private readonly List<Flow> _waiting = [];
    private readonly LinkedList<Waiter> _arrivals = new();
    private readonly HashSet<Permit> _held = [];
    private readonly Scope _global;
    private readonly Turns _turns;
    private readonly AdmissionOptions _options;
    private readonly AttemptRegistry _attempts;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ShareDesk? _shares;
    private readonly long _started;
    private readonly ITimer _wake;
    private TimeSpan _wakeAt = Never;
    private TimeSpan _reportAt = Never;
    private long _turn;
    private int _connected;

    /// <param name="shares">Where daemons share the limits; null when they are this one's alone.</param>
    public PermitScheduler(AdmissionOptions options, AttemptRegistry attempts, TimeProvider time, ILogger logger, ShareDesk? shares = null)
    {
        _shares = shares;
        _options = options;
        _attempts = attempts;
        _time = time;
        _logger = logger;
        _started = time.GetTimestamp();
        _global = new Scope("global", parent: null, options.GlobalLimit);
        _turns = new Turns(_global, options.SessionLimit, options.Aging);
        _wake = time.CreateTimer(_ => OnWake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What is counted and told elsewhere.</summary>
    public AdmissionCounters Counters { get; } = new();

    /// <summary>Raised outside the lock after anything that may have changed what is used or wanted.</summary>
    public event Action? Moved;

    private TimeSpan Now => _time.GetElapsedTime(_started);

    public ValueTask<IPermit> AcquireAsync(PermitRequest request, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<IPermit>(cancellationToken);
        }

        var watched = _attempts.IsAlive(new PermitOwner(request.CallId, request.Attempt));
        var since = Now;
        if (TryTake(request, watched, since) is { } permit)
        {
            Counters.OnGranted(permit);
            return ValueTask.FromResult<IPermit>(permit);
        }

        var waiter = new Waiter(this, request, watched, since);
        waiter.Watch(cancellationToken);
        Enqueue(waiter);
        return new ValueTask<IPermit>(waiter.Permit);
    }

    public IDisposable Reserve(string callId, string sessionId, string? provider = null)
    {
        CallError refusal;
        lock (_lock)
        {
            var session = SessionUnsynchronized(sessionId);
            var share = ShareUnsynchronized(session);
            var couldRun = Math.Max(0, Math.Min(_options.SessionLimit - session.Seat.Held, _global.Limit - _global.Held));
            if (session.Places < share + couldRun)
            {
                session.Reserved++;
                return _reservations[callId] = new Reservation(this, callId, session);
            }

            refusal = AdmissionErrors.OverCapacity(session, share, _options, SharingUnsynchronized(session), RetryAfterUnsynchronized(provider));
            ForgetIfIdleUnsynchronized(session);
        }

        Counters.OnOverCapacity();
        throw new CallException(refusal);
    }

    public void SessionConnected(string sessionId)
    {
        lock (_lock)
        {
            if (SessionUnsynchronized(sessionId).Connections++ == 0)
            {
                _connected++;
            }
        }
    }

    public void SessionLeft(string sessionId)
    {
        Waiter? granted = null;
        lock (_lock)
        {
            if (_sessions.TryGetValue(sessionId, out var session) && session.Connections > 0 && --session.Connections == 0)
            {
                _connected--;
                ForgetIfIdleUnsynchronized(session);
                granted = GrantUnsynchronized(Now);
            }
        }

        Tell(granted);
    }

    public AdmissionSnapshot Snapshot()
    {
        lock (_lock)
        {
            return AdmissionSnapshots.Take(_global, _sessions.Values, _providers.Values, _options, ShareUnsynchronized, _attempts.Count, Counters, Now, _time.GetUtcNow());
        }
    }

    /// <summary>Takes back the permits whose owners were alive when they asked and are gone now, and says which.</summary>
    public IReadOnlyList<PermitOwner> TakeBackLost()
    {
        List<Permit> lost;
        Waiter? granted = null;
        lock (_lock)
        {
            // An attempt leaves the registry after it gave its permit back, which needs this lock: held and not alive is no passing state.
            lost = [.. _held.Where(permit => permit.Watched && !_attempts.IsAlive(permit.Owner))];
            var now = Now;
            foreach (var permit in lost)
            {
                GiveBackUnsynchronized(permit, now);
            }

            if (lost.Count > 0)
            {
                granted = GrantUnsynchronized(now);
            }
        }

        Counters.OnLost(lost.Count);
        Tell(granted);
        return [.. lost.Select(permit => permit.Owner)];
    }

    /// <summary>What refusals have taught, for the next daemon.</summary>
    public (IReadOnlyList<LearnedLimit> Limits, int Version) Learned()
    {
        lock (_lock)
        {
            return AdmissionSnapshots.Learned(_providers.Values, Now, _time.GetUtcNow());
        }
    }

    public void Restore(IReadOnlyList<LearnedLimit> limits)
    {
        lock (_lock)
        {
            var (now, utcNow) = (Now, _time.GetUtcNow());
            foreach (var limit in limits)
            {
                var changedAt = limit.ChangedAt(now, utcNow);
                var provider = ProviderUnsynchronized(limit.Provider);
                var scope = limit.Model is null ? provider : provider.Model(limit.Model);
                if (limit.Concurrent is { } concurrent)
                {
                    scope.Learned.Restore(concurrent, limit.ProbeAfter, changedAt);
                }

                if (limit.PerMinute is { } perMinute)
                {
                    provider.Throttle.PerMinute.Restore(perMinute, limit.ProbeAfter, changedAt);
                }
            }
        }
    }

    /// <summary>Drops the models that nobody uses and about which nothing is learned.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            foreach (var provider in _providers.Values)
            {
                foreach (var model in provider.Models.Values.Where(model => model is { Held: 0, WaitingAttempts: 0, Share: 0, Learned.IsLearned: false }).ToList())
                {
                    provider.Models.Remove(model.Name);
                    foreach (var session in _sessions.Values)
                    {
                        session.Forget(model);
                    }
                }
            }
        }
    }

    /// <summary>What this daemon uses and wants of the limits that it shares with others; nothing more begins before the answer than was told.</summary>
    /// <inheritdoc cref="ShareDesk.Report"/>
    public ShareReport ReportShares(bool calm, bool leaving)
    {
        lock (_lock)
        {
            return _shares!.Report(ViewUnsynchronized(), calm, leaving);
        }
    }

    /// <summary>What is granted from now on.</summary>
    /// <returns>The same as <see cref="ShareDesk.IsUsed"/> and <see cref="ShareDesk.Lacks"/>.</returns>
    public (bool IsUsed, bool Lacks) ApplyShares(ShareAnswer answer, ShareMoment asked)
    {
        Waiter? granted;
        (bool, bool) now;
        lock (_lock)
        {
            _shares!.Apply(answer, asked, _global, ProviderUnsynchronized, Now);
            now = (_shares.IsUsed, _shares.Lacks);
            granted = GrantUnsynchronized(Now);
        }

        Tell(granted);
        return now;
    }

    /// <inheritdoc cref="ShareDesk.IsDue"/>
    public bool AreSharesDue(bool somebodyWaits)
    {
        lock (_lock)
        {
            return _shares!.IsDue(ViewUnsynchronized(), somebodyWaits);
        }
    }

    public void Dispose() => _wake.Dispose();

    internal void Cancel(Waiter waiter)
    {
        Waiter? told = waiter;
        lock (_lock)
        {
            if (waiter.IsQueued)
            {
                LeaveUnsynchronized(waiter);
                ForgetIfIdleUnsynchronized(waiter.Flow.Session);
                // What it held back for itself may serve another now.
                waiter.NextToTell = GrantUnsynchronized(Now);
            }
            else if (waiter.Number == 0)
            {
                waiter.IsCancelled = true;
            }
            else
            {
                // It was granted or refused in the same moment.
                told = null;
            }
        }

        Tell(told);
    }

    internal void GiveBack(Permit permit)
    {
        Waiter? granted;
        lock (_lock)
        {
            if (!permit.IsHeld)
            {
                return;
            }

            var now = Now;
            GiveBackUnsynchronized(permit, now);
            granted = GrantUnsynchronized(now);
        }

        Tell(granted);
    }

    internal ReceiptLimit? Learn(Permit permit, ProviderSignal signal, TimeSpan? retryAfter)
    {
        Waiter? told;
        ReceiptLimit? news;
        lock (_lock)
        {
            if (!permit.IsHeld || signal == ProviderSignal.Neutral)
            {
                return null;
            }

            var now = Now;
            news = LimitLearning.Learn(permit, signal, retryAfter, _turn, now);
            told = Joined(RefusePausedUnsynchronized(now), GrantUnsynchronized(now));
        }

        Tell(told);
        return news;
    }

    // ── Under the lock ───────────────────────────────────────────────────────────────────────────────────────────────

    private Permit? TryTake(PermitRequest request, bool watched, TimeSpan since)
    {
        Permit? permit = null;
        Waiter? granted;
        lock (_lock)
        {
            var now = Now;
            // Time may have opened something for those who came before.
            granted = GrantUnsynchronized(now);
            var flow = FlowUnsynchronized(request);
            if (flow.Waiting == 0 && flow.At(now, _options.SessionLimit, Turns.IsAlone(flow.Session, _connected)) == Standing.Able)
            {
                UsePlaceUnsynchronized(request.CallId);
                permit = TakeUnsynchronized(flow, new PermitOwner(request.CallId, request.Attempt), watched, since, now);
            }
            else
            {
                ForgetIfIdleUnsynchronized(flow.Session);
            }
        }

        Tell(granted);
        return permit;
    }

    private void Enqueue(Waiter waiter)
    {
        Waiter? told;
        var place = default(QueuePlace);
        lock (_lock)
        {
            if (waiter.IsCancelled)
            {
                return;
            }

            var now = Now;
            var flow = FlowUnsynchronized(waiter.Request);
            UsePlaceUnsynchronized(waiter.Request.CallId);
            JoinUnsynchronized(waiter, flow);
            told = Joined(RefusePausedUnsynchronized(now), GrantUnsynchronized(now));
            if (_shares is not null && waiter.IsQueued)
            {
                // What it waits for may be an answer of the store, which takes a moment: no place worth telling.
                _reportAt = _reportAt == Never ? now + _options.ReportInterval : _reportAt;
            }
            else if (waiter.IsQueued && waiter.Request.Queued is not null)
            {
                waiter.ToldPlace = place = QueueEstimate.Of(waiter, _global, now, _options.Aging);
            }

            ArmUnsynchronized(now);
        }

        Tell(told);
        if (place.Place > 0)
        {
            Report(waiter, place);
        }
    }

    private void JoinUnsynchronized(Waiter waiter, Flow flow)
    {
        waiter.Flow = flow;
        waiter.Number = ++_turn;
        waiter.IsQueued = true;
        if (flow.Waiting == 0)
        {
            _waiting.Add(flow);
        }

        flow.Add(waiter);
        flow.Join(waiter.Number);
        _arrivals.AddLast(waiter.InArrival);
    }

    private void LeaveUnsynchronized(Waiter waiter)
    {
        var flow = waiter.Flow;
        waiter.IsQueued = false;
        flow.Remove(waiter);
        flow.Leave();
        _arrivals.Remove(waiter.InArrival);
        if (flow.Waiting == 0)
        {
            _waiting.Remove(flow);
            SettleUnsynchronized(flow);
        }

        _reportAt = _reportAt == Never ? Now + _options.ReportInterval : _reportAt;
    }

    /// <summary>Grants all that can be granted; returns the list of those to be told.</summary>
    private Waiter? GrantUnsynchronized(TimeSpan now)
    {
        Waiter? first = null;
        Waiter? last = null;
        while (_turns.Next(_waiting, _connected, now) is { } waiter)
        {
            LeaveUnsynchronized(waiter);
            waiter.Granted = TakeUnsynchronized(waiter.Flow, new PermitOwner(waiter.Request.CallId, waiter.Request.Attempt), waiter.Watched, waiter.Since, now);
            first ??= waiter;
            last = last is null ? waiter : last.NextToTell = waiter;
        }

        if (_arrivals.Count > 0)
        {
            ArmUnsynchronized(now);
        }

        return first;
    }

    private Permit TakeUnsynchronized(Flow flow, PermitOwner owner, bool watched, TimeSpan since, TimeSpan now)
    {
        flow.Take(++_turn, now);
        SettleUnsynchronized(flow);
        var permit = new Permit(this, flow, owner, watched, now, now - since, _turn);
        _held.Add(permit);
        return permit;
    }

    /// <summary>The flow got what it was due.</summary>
    private static void SettleUnsynchronized(Flow flow)
    {
        flow.Passed = 0;
        if (flow.Session.KeptFor == flow)
        {
            flow.Session.KeptFor = null;
        }
    }

    private void GiveBackUnsynchronized(Permit permit, TimeSpan now)
    {
        permit.IsHeld = false;
        _held.Remove(permit);
        permit.Flow.GiveBack(now - permit.GrantedAt);
        ForgetIfIdleUnsynchronized(permit.Flow.Session);
    }

    private void UsePlaceUnsynchronized(string callId)
    {
        if (_reservations.Remove(callId, out var reservation))
        {
            reservation.GiveUpUnsynchronized();
        }
    }

    private void EndReservation(Reservation reservation)
    {
        lock (_lock)
        {
            // Another place of the same call id may stand under it by now.
            ((ICollection<KeyValuePair<string, Reservation>>)_reservations).Remove(KeyValuePair.Create(reservation.CallId, reservation));
            reservation.GiveUpUnsynchronized();
            ForgetIfIdleUnsynchronized(reservation.Session);
        }
    }

    /// <summary>Sessions among which the queue is shared out.</summary>
    private int SharingUnsynchronized(Session also) =>
        Math.Max(1, _sessions.Values.Count(session => session.Connections > 0 || session.Places > 0 || session == also));

    private int ShareUnsynchronized(Session session) => Math.Max(1, _options.QueueMax / SharingUnsynchronized(session));

    private TimeSpan RetryAfterUnsynchronized(string? provider) =>
        QueueEstimate.NextPlace(provider is not null && _providers.TryGetValue(provider, out var known) ? known : _global, _global, Now);

    private Flow FlowUnsynchronized(PermitRequest request)
    {
        var provider = ProviderUnsynchronized(request.Provider);
        return SessionUnsynchronized(request.SessionId).Flow(provider, provider.Model(request.Model));
    }

    private ProviderScope ProviderUnsynchronized(string name)
    {
        if (!_providers.TryGetValue(name, out var provider))
        {
            var limit = _options.ProviderLimits.TryGetValue(name, out var configured) ? configured : _options.DefaultProviderLimit;
            _providers[name] = provider = new ProviderScope(name, _global, limit, _shares?.Lease);
        }

        return provider;
    }

    private ShareView ViewUnsynchronized() => new(_global, _providers.Values, _waiting, _options.SessionLimit, _connected, Now);

    private Session SessionUnsynchronized(string id)
    {
        if (!_sessions.TryGetValue(id, out var session))
        {
            _sessions[id] = session = new Session(id, _global);
        }

        return session;
    }

    private void ForgetIfIdleUnsynchronized(Session session)
    {
        // Not by its name alone: it may have been forgotten before, and another stand under its id by now.
        if (session.IsIdle && _sessions.TryGetValue(session.Id, out var current) && current == session)
        {
            _sessions.Remove(session.Id);
        }
    }

    // ── Clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Sets the timer to what time alone will bring: the end of a queue clock, of a pause, news of places.</summary>
    private void ArmUnsynchronized(TimeSpan now)
    {
        var at = _reportAt;
        if (_options.QueueTimeout is { } limit && _arrivals.First is { } oldest && oldest.Value.Since + limit < at)
        {
            at = oldest.Value.Since + limit;
        }

        foreach (var provider in _providers.Values)
        {
            if (provider.WaitingAttempts > 0 && provider.Throttle.OpensAt(now, provider.Limit) is { } opens && opens < at)
            {
                at = opens;
            }
        }

        if (at != _wakeAt)
        {
            _wakeAt = at;
            // Timers count whole milliseconds and round down, which would be too early.
            _wake.Change(at == Never ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling((at - now).TotalMilliseconds))), Timeout.InfiniteTimeSpan);
        }
    }

    private void OnWake()
    {
        Waiter? told;
        List<(Waiter Waiter, QueuePlace Place)>? reports = null;
        lock (_lock)
        {
            var now = Now;
            _wakeAt = Never;
            told = Joined(ExpireUnsynchronized(now), GrantUnsynchronized(now));
            if (now >= _reportAt)
            {
                _reportAt = Never;
                reports = NewPlacesUnsynchronized(now);
            }

            ArmUnsynchronized(now);
        }

        Tell(told);
        foreach (var (waiter, place) in reports ?? [])
        {
            Report(waiter, place);
        }
    }

    private Waiter? ExpireUnsynchronized(TimeSpan now)
    {
        Waiter? first = null;
        Waiter? last = null;
        while (_options.QueueTimeout is { } limit && _arrivals.First is { } oldest && now - oldest.Value.Since >= limit)
        {
            var waiter = oldest.Value;
            RefuseUnsynchronized(
                waiter, AdmissionErrors.QueueTimeout(waiter, QueueEstimate.Of(waiter, _global, now, _options.Aging).Place, now - waiter.Since, _options));
            first ??= waiter;
            last = last is null ? waiter : last.NextToTell = waiter;
        }

        return first;
    }

    /// <summary>Those whose provider is paused for longer than they can wait: they have time to ask another one instead.</summary>
    private Waiter? RefusePausedUnsynchronized(TimeSpan now)
    {
        Waiter? first = null;
        Waiter? last = null;
        for (var node = _arrivals.First; node is not null;)
        {
            var waiter = node.Value;
            node = node.Next;
            if (waiter.Flow.Provider.Throttle.PausedUntil(now) is { } until && waiter.Request.Patience is { } patience && until - waiter.Since >= patience)
            {
                RefuseUnsynchronized(waiter, AdmissionErrors.Paused(waiter.Request, until - now));
                first ??= waiter;
                last = last is null ? waiter : last.NextToTell = waiter;
            }
        }

        return first;
    }

    private void RefuseUnsynchronized(Waiter waiter, CallError refusal)
    {
        waiter.Refusal = refusal;
        LeaveUnsynchronized(waiter);
        ForgetIfIdleUnsynchronized(waiter.Flow.Session);
    }

    private List<(Waiter, QueuePlace)> NewPlacesUnsynchronized(TimeSpan now)
    {
        var changed = new List<(Waiter, QueuePlace)>();
        foreach (var waiter in _arrivals)
        {
            if (waiter.Request.Queued is not null && QueueEstimate.Of(waiter, _global, now, _options.Aging) is var place && place.Place != waiter.ToldPlace.Place)
            {
                waiter.ToldPlace = place;
                changed.Add((waiter, place));
            }
        }

        return changed;
    }

    // ── Outside the lock ─────────────────────────────────────────────────────────────────────────────────────────────

    private void Tell(Waiter? first)
    {
        for (var waiter = first; waiter is not null; waiter = waiter.NextToTell)
        {
            if (waiter.Granted is { } permit)
            {
                Counters.OnGranted(permit);
            }

            waiter.Tell();
        }

        Moved?.Invoke();
    }

    private void Report(Waiter waiter, QueuePlace place)
    {
        try
        {
            waiter.Report(place);
        }
        catch (Exception failure)
        {
            // Whoever listens must not end the scheduling of others.
            AdmissionLog.ListenerFailed(_logger, failure, waiter.Request.CallId);
        }
    }

    /// <summary>One list of those to be told from two.</summary>
    private static Waiter? Joined(Waiter? first, Waiter? second)
    {
        if (first is null)
        {
            return second;
        }

        var last = first;
        while (last.NextToTell is { } next)
        {
            last = next;
        }

        last.NextToTell = second;
        return first;
    }

    private sealed class Reservation(PermitScheduler scheduler, string callId, Session session) : IDisposable
    {
        private bool _given;

        public string CallId => callId;

        public Session Session => session;

        public void Dispose() => scheduler.EndReservation(this);

        /// <summary>Once, whether it was used up or its call ended without asking.</summary>
        public void GiveUpUnsynchronized()
        {
            session.Reserved -= _given ? 0 : 1;
            _given = true;
        }
    }
}
