using Exai.Shim.Link;
using Exai.Shim.Messages;

namespace Exai.Shim.Pending;

/// <summary>
/// What the client waits for. Belongs to the relay's one loop; only <see cref="CallsPending"/> and <see cref="DaemonNeeded"/> may be read elsewhere.
/// </summary>
internal sealed class PendingTable(TimeProvider time)
{
    /// <summary>No client waits for so many; a defect in one must not fill the memory.</summary>
    public const int Most = 2000;

    private readonly Dictionary<RequestId, PendingRequest> _requests = [];
    private volatile bool _callsPending;
    private volatile bool _daemonNeeded;

    /// <summary>Whether anything here waits for the link. From any thread.</summary>
    public bool CallsPending => _callsPending;

    /// <summary>Whether anything here waits for the link, or for the certainty that a cancel has been heard. From any thread.</summary>
    public bool DaemonNeeded => _daemonNeeded;

    /// <summary>A draining daemon accepts nothing new: its successor gets the call.</summary>
    public bool DaemonDrains { get; set; }

    public bool IsFull => _requests.Count >= Most;

    /// <summary>What was given up and is not over. See <see cref="DetachedCalls"/>.</summary>
    public DetachedCalls Detached { get; } = new(time);

    /// <summary>Whether the call waits here for the first daemon that would know it.</summary>
    public bool IsUnsent(string callId) => Detached.IsUnsent(callId) || _requests.Values.Any(request => request.CallId == callId && !request.Sent);

    public bool Contains(RequestId id) => _requests.ContainsKey(id);

    public PendingRequest? Find(RequestId id) => _requests.GetValueOrDefault(id);

    /// <summary>A copy, oldest first: what is settled meanwhile does not disturb it.</summary>
    public IReadOnlyList<PendingRequest> All() => [.. _requests.Values.OrderBy(request => request.ReceivedAt)];

    public void Add(PendingRequest request)
    {
        _requests.Add(request.Id, request);
        OnChanged();
    }

    /// <summary>It is answered or cancelled: nothing more is said about it to the client.</summary>
    public void Settle(PendingRequest request)
    {
        _requests.Remove(request.Id);
        OnChanged();
    }

    /// <summary>After any change, also of <see cref="Detached"/>.</summary>
    public void OnChanged()
    {
        _callsPending = _requests.Count > 0 || Detached.AnyPending;
        _daemonNeeded = _callsPending || Detached.AnyCancelUnheard;
    }

    /// <summary>The request that a note of progress is about.</summary>
    /// <param name="token">As raw JSON. The daemon may spell a token in another way: then its value decides.</param>
    public PendingRequest? FindByToken(ReadOnlyMemory<byte> token) =>
        _requests.Values.FirstOrDefault(request => request.ProgressToken.Length > 0 && request.ProgressToken.Span.SequenceEqual(token.Span))
        ?? (RequestId.Parse(token.Span) is { } sought ? _requests.Values.FirstOrDefault(request => RequestId.Parse(request.ProgressToken.Span) == sought) : null);

    /// <summary>Hands it to the connection, if there is one that takes it.</summary>
    public void Deliver(PendingRequest request, LinkSession? session)
    {
        if (session is not null && !(DaemonDrains && request is { Kind: PendingKind.Call, Sent: false }))
        {
            session.Send(request.Message, request.Files);
            request.OnSent(time);
        }
    }

    /// <summary>Sends all that a new connection has to know: first what was given up, for it is older than a question for its result.</summary>
    public void DeliverAll(LinkSession session, TimeSpan callLimit)
    {
        Detached.Deliver(session, DaemonDrains, callLimit);
        foreach (var request in All())
        {
            Deliver(request, session);
        }
    }
}
