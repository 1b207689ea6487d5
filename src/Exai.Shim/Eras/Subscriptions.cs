using System.Text;
using Exai.Protocol;
using Exai.Shim.Messages;

namespace Exai.Shim.Eras;

/// <summary>
/// The client's open <c>subscriptions/listen</c>. The shim acknowledges each by itself, daemon or not, and holds it until the client
/// cancels it; every daemon gets it, and what a daemon says of its beginning or end goes no further. Belongs to the relay's one loop.
/// </summary>
internal sealed class Subscriptions
{
    /// <summary>No client needs so many; a defect in one must not fill the memory.</summary>
    public const int Most = 100;

    private readonly Dictionary<RequestId, Envelope> _open = [];

    public bool IsFull => _open.Count >= Most;

    /// <summary>Whether somebody wants to hear of changes of the tool list.</summary>
    public bool WantsToolChanges => _open.Values.Any(WantsTools);

    /// <summary>What each new connection has to hear.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Requests => _open.Values.Select(listen => listen.Bytes);

    public bool Contains(RequestId id) => _open.ContainsKey(id);

    /// <returns>The acknowledgement for the client: of all that can be wanted, only the tool list ever changes.</returns>
    public byte[] Add(Envelope listen)
    {
        _open.Add(listen.Id!.Value, listen);
        return Notification(ModernProtocol.Acknowledged, listen.Id.Value, $"\"notifications\":{{{(WantsTools(listen) ? "\"toolsListChanged\":true" : "")}}},");
    }

    /// <summary>The client wants no more of it; false when there is none under this id.</summary>
    public bool Remove(RequestId id) => _open.Remove(id);

    /// <summary>The news for each that wants it, under its own id.</summary>
    public IReadOnlyList<byte[]> ToolsChanged() =>
        [.. _open.Values.Where(WantsTools).Select(listen => Notification("notifications/tools/list_changed", listen.Id!.Value, ""))];

    private static bool WantsTools(Envelope listen) => listen.Param("notifications", "toolsListChanged").Span.SequenceEqual("true"u8);

    private static byte[] Notification(string method, RequestId subscription, string members) => RpcMessages.Notification(
        method, new StringBuilder("{").Append(members).Append($"\"_meta\":{{\"{ModernProtocol.SubscriptionKey}\":{subscription.ToJson()}}}}}").ToString());
}
