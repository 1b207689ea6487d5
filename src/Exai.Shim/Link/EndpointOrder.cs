using Exai.Settings;

namespace Exai.Shim.Link;

/// <summary>
/// In which order a shim dials several daemons: the one that it has first, then the others as the session's id decides. So many shims spread
/// evenly over the daemons, and those of a daemon that ends spread evenly over the rest; nobody moves because a daemon has come back. For one task.
/// </summary>
internal sealed class EndpointOrder(string sessionId)
{
    /// <summary>A daemon that is there answers in milliseconds; one that does not must not hold up the way to the next.</summary>
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(1);

    private readonly List<LinkAddress> _left = [];
    private LinkAddress? _had;

    /// <summary>Each of them once.</summary>
    public IReadOnlyList<LinkAddress> Of(IReadOnlyList<LinkAddress> endpoints) =>
    [
        .. endpoints.OrderBy(endpoint => _left.IndexOf(endpoint) is >= 0 and var place ? place : endpoint == _had ? -2 : -1)
            .ThenByDescending(endpoint => Weight(endpoint.ToString())),
    ];

    /// <summary>The link is with this one from now on.</summary>
    public void OnLinked(LinkAddress endpoint)
    {
        _had = endpoint;
        _left.Remove(endpoint);
    }

    /// <summary>The one that it has wants it no longer, or is of no use: it is the last to be asked, after those that were left before it.</summary>
    public void OnSentAway()
    {
        if (_had is not null && !_left.Contains(_had))
        {
            _left.Add(_had);
        }
    }

    /// <summary>A link was of use: what was wrong with others before it is long ago.</summary>
    public void Forget() => _left.Clear();

    /// <summary>How long one dial may take: little as long as another daemon may be there at once, up to the setting when none of them is.</summary>
    /// <param name="round">The first is 1.</param>
    public static TimeSpan Patience(int round, TimeSpan connectTimeout)
    {
        var patience = FirstPatience * (1 << Math.Min(round - 1, 12));
        return patience < connectTimeout ? patience : connectTimeout;
    }

    /// <summary>Rendezvous hashing: what a session thinks of an endpoint depends on no other endpoint. FNV-1a, stirred so that near names differ in all bits.</summary>
    private ulong Weight(string endpoint)
    {
        var hash = 14695981039346656037UL;
        foreach (var text in (ReadOnlySpan<string>)[sessionId, "\n", endpoint])
        {
            foreach (var character in text)
            {
                hash = (hash ^ character) * 1099511628211UL;
            }
        }

        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdUL;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53UL;
        return hash ^ (hash >> 33);
    }
}
