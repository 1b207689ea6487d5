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

    /// <summary>A new connection begins; tells the client which requests it need not answer any more.</summary>
    public IReadOnlyList<byte[]> NextEpoch()
    {
        _epoch++;
        _count = 0;
        byte[][] cancelled =
        [
            .. _open.Keys.Select(id => RpcMessages.Notification("notifications/cancelled", $"{{\"requestId\":{id.ToJson()},\"reason\":\"The daemon restarted.\"}}")),
        ];
        _open.Clear();
        return cancelled;
    }
}
