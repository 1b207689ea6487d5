using Exai.Protocol;

namespace Exai.Core.Admission;

/// <summary>
/// Who is connected, at most <c>SESSION_MAX_CONCURRENT</c> sessions. When one more comes, the session that has been idle longest gives way;
/// when all of them have calls running, the newcomer is told when to come back. A session whose links are all lost keeps its place for as
/// long as a shim takes to dial again. Thread-safe.
/// </summary>
/// <example><code>
/// using var link = places.Enter(sessionId);          // one for each connection
/// using (link.Call(…)) { … }                          // one for each request that keeps the session busy
/// if (await link.GaveWay) { … close with 4001 … }    // in a task of its own
/// </code></example>
public sealed class SessionPlaces(int limit, ISessionPresence presence, TimeProvider time)
{
    /// <summary>The longest pause between two dials of a shim, and then some.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(35);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Place> _places = new(StringComparer.Ordinal);

    /// <summary>A connection of a session was taken in.</summary>
    public event Action? Entered;

    /// <summary>Takes part in the session's place, or takes a place for it.</summary>
    /// <exception cref="CallException">OVER_CAPACITY: all places are taken and none of their sessions is idle.</exception>
    public SessionLink Enter(string sessionId)
    {
        SessionLink link;
        Place? givesWay = null;
        lock (_lock)
        {
            if (!_places.TryGetValue(sessionId, out var place))
            {
                ForgetGoneUnsynchronized();
                if (_places.Count >= limit)
                {
                    givesWay = LongestIdleUnsynchronized() ?? throw Refusal();
                    _places.Remove(givesWay.SessionId);
                }

                _places[sessionId] = place = new Place(sessionId);
            }

            link = new SessionLink(this, place);
            place.Links.Add(link);
            place.LeftUnanswered = false;
            place.IdleSince = time.GetTimestamp();
        }

        presence.SessionConnected(sessionId);
        Entered?.Invoke();
        foreach (var ended in givesWay?.Links ?? [])
        {
            ended.TellGaveWay();
        }

        return link;
    }

    internal void Leave(SessionLink link)
    {
        lock (_lock)
        {
            if (!link.Place.Links.Remove(link))
            {
                return;
            }

            link.Place.IdleSince = time.GetTimestamp();
        }

        presence.SessionLeft(link.Place.SessionId);
    }

    internal void Began(Place place)
    {
        lock (_lock)
        {
            place.Calls++;
        }
    }

    internal void Ended(Place place, bool answered)
    {
        lock (_lock)
        {
            place.Calls--;
            place.LeftUnanswered |= !answered;
            place.IdleSince = time.GetTimestamp();
        }
    }

    /// <summary>Those whose shim has not come back.</summary>
    private void ForgetGoneUnsynchronized()
    {
        foreach (var gone in _places.Values.Where(place => place.Links.Count == 0 && time.GetElapsedTime(place.IdleSince) >= KeptFor).ToList())
        {
            _places.Remove(gone.SessionId);
        }
    }

    private Place? LongestIdleUnsynchronized() => _places.Values
        .Where(place => place.Calls == 0 && !(place.Links.Count == 0 && place.LeftUnanswered))
        .MinBy(place => place.IdleSince);

    private CallException Refusal() => new(new CallError
    {
        Code = ErrorCodes.OverCapacity,
        RetryAfterSecs = RetryAfter.TotalSeconds,
        Message = $"{_places.Count} sessions are connected (SESSION_MAX_CONCURRENT={limit}) and all of them have calls running, so none can give way. " +
            $"Come back in {RetryAfter.TotalSeconds:0} s, end a client, or raise SESSION_MAX_CONCURRENT.",
    });

    /// <summary>A session's place; guarded by the lock of its owner.</summary>
    internal sealed class Place(string sessionId)
    {
        public string SessionId => sessionId;

        public List<SessionLink> Links { get; } = [];

        /// <summary>Requests that are being answered.</summary>
        public int Calls { get; set; }

        /// <summary>A request was left before its answer: when there is no link, its shim will come back for it.</summary>
        public bool LeftUnanswered { get; set; }

        /// <summary>When a link came or went, or a request ended.</summary>
        public long IdleSince { get; set; }
    }
}

/// <summary>One connection of a session; disposed when it has ended.</summary>
public sealed class SessionLink : IDisposable
{
    private readonly TaskCompletionSource<bool> _gaveWay = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SessionPlaces _places;

    internal SessionLink(SessionPlaces places, SessionPlaces.Place place) => (_places, Place) = (places, place);

    /// <summary>True when another session needs the place: the connection is to be closed. False when it ended before that.</summary>
    public Task<bool> GaveWay => _gaveWay.Task;

    internal SessionPlaces.Place Place { get; }

    /// <summary>A request of the session begins; it ends with the disposal.</summary>
    /// <param name="isLeft">Whether its sender is gone; asked at the end.</param>
    public IDisposable Call(Func<bool> isLeft) => new Busy(_places, Place, isLeft);

    public void Dispose()
    {
        _places.Leave(this);
        _gaveWay.TrySetResult(false);
    }

    internal void TellGaveWay() => _gaveWay.TrySetResult(true);

    private sealed class Busy : IDisposable
    {
        private readonly SessionPlaces _places;
        private readonly SessionPlaces.Place _place;
        private readonly Func<bool> _isLeft;

        public Busy(SessionPlaces places, SessionPlaces.Place place, Func<bool> isLeft)
        {
            (_places, _place, _isLeft) = (places, place, isLeft);
            places.Began(place);
        }

        public void Dispose() => _places.Ended(_place, answered: !_isLeft());
    }
}
