using Exai.Shim.Link;
using Exai.Shim.Messages;

namespace Exai.Shim.Pending;

/// <summary>
/// What the client waits for, and the cancels that a daemon has still to hear of. Belongs to the relay's one loop; only
/// <see cref="CallsPending"/> may be read elsewhere.
/// </summary>
internal sealed class PendingTable(TimeProvider time)
{
    private readonly Dictionary<RequestId, PendingRequest> _requests = [];
    private readonly List<PendingRequest> _cancelledOffline = [];
    private volatile bool _callsPending;

    /// <summary>Whether anybody waits for the link. From any thread.</summary>
    public bool CallsPending => _callsPending;

    /// <summary>A draining daemon accepts nothing new: its successor gets the call.</summary>
    public bool DaemonDrains { get; set; }

    public bool Contains(RequestId id) => _requests.ContainsKey(id);

    public PendingRequest? Find(RequestId id) => _requests.GetValueOrDefault(id);

    /// <summary>A copy, oldest first: what is settled meanwhile does not disturb it.</summary>
    public IReadOnlyList<PendingRequest> All() => [.. _requests.Values.OrderBy(request => request.ReceivedAt)];

    public void Add(PendingRequest request)
    {
        _requests.Add(request.Id, request);
        _callsPending = true;
    }

    /// <summary>It is answered or cancelled: nothing more is said about it to the client.</summary>
    public void Settle(PendingRequest request)
    {
        _requests.Remove(request.Id);
        _callsPending = _requests.Count > 0;
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

    /// <summary>The client cancelled a settled request. A daemon that has it hears of that now, or on the next connection after the call itself.</summary>
    public void Cancel(PendingRequest request, ReadOnlyMemory<byte> notification, LinkSession? session)
    {
        request.Files?.GiveUp();
        if (session is not null && request.Sent)
        {
            session.Send(notification);
        }
        else if (request is { Kind: PendingKind.Call, Sent: true })
        {
            request.Cancel = notification;
            _cancelledOffline.Add(request);
        }
    }

    /// <summary>Sends all that a new connection has to know, oldest first.</summary>
    /// <param name="callLimit">One whose call clock is over has ended in the daemon too: to send it would begin it anew.</param>
    public void DeliverAll(LinkSession session, TimeSpan callLimit)
    {
        foreach (var cancelled in _cancelledOffline.Where(cancelled => time.GetElapsedTime(cancelled.ReceivedAt) < callLimit))
        {
            session.Send(cancelled.Message);
            session.Send(cancelled.Cancel!.Value);
        }

        _cancelledOffline.Clear();
        foreach (var request in All())
        {
            Deliver(request, session);
        }
    }
}
