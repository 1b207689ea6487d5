using Exai.Shim.Messages;

namespace Exai.Shim.Pending;

/// <summary>
/// Requests of the daemon to the client. Each daemon counts its ids from 1, so the client sees ids that also name the connection;
/// an answer that comes after its connection has gone reaches nobody.
/// </summary>
internal sealed class ServerRequests
{
    private readonly Dictionary<RequestId, RequestId> _open = [];
    private int _epoch;
    private int _count;

    public byte[] Forward(Envelope request)
    {
        var shown = new RequestId($"s{_epoch}-{++_count}", 0);
        _open[shown] = request.Id!.Value;
        return RpcMessages.WithId(request, shown);
    }

    /// <summary>The client's answer under the daemon's id; null when its request is gone.</summary>
    public byte[]? Answer(Envelope response) => _open.Remove(response.Id!.Value, out var id) ? RpcMessages.WithId(response, id) : null;

    /// <summary>The daemon's cancel of its own request, under the id that the client knows; null when that request is gone.</summary>
    public byte[]? Cancel(Envelope notification)
    {
        if (RequestId.Parse(notification.Param("requestId").Span) is not { } id || _open.FirstOrDefault(open => open.Value == id) is not { Key.Text: not null } open)
        {
            return null;
        }

        _open.Remove(open.Key);
        return JsonSlice.SetMember(notification.Bytes, notification.ParamsStart, "requestId", open.Key.ToJson());
    }

    public void BeginEpoch()
    {
        _epoch++;
        _count = 0;
    }

    /// <summary>The connection has gone; tells the client which requests it need not answer any more.</summary>
    public IReadOnlyList<byte[]> EndEpoch()
    {
        byte[][] cancelled =
        [
            .. _open.Keys.Select(id => RpcMessages.Notification("notifications/cancelled", $"{{\"requestId\":{id.ToJson()},\"reason\":\"The daemon restarted.\"}}")),
        ];
        _open.Clear();
        return cancelled;
    }
}
