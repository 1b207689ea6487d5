using System.Text;
using Exai.Shim.Eras;
using Exai.Shim.Messages;

namespace Exai.Shim.Lifecycle;

/// <summary>
/// Which tool list the client was shown, which one there is now, and when it is worth telling the client that they differ. Belongs to
/// the relay's one loop; not thread-safe.
/// </summary>
internal sealed class ShownTools(ProtocolEra era, ToolListCache cache, string ownIdPrefix, TimeProvider time)
{
    /// <summary>Changes of the list within this time are told of once.</summary>
    private static readonly TimeSpan ChangesSettle = TimeSpan.FromSeconds(1);

    private ReadOnlyMemory<byte>? _shown;
    private ReadOnlyMemory<byte>? _current;
    private RequestId? _request;
    private int _requests;
    private long? _changedAt;
    private string? _daemonVersion;

    /// <summary>A daemon said that its list changed, and the shim has not asked for it yet.</summary>
    public bool HasChanged => _changedAt is not null;

    /// <summary>Whether changes have been quiet for long enough to ask for the list; true once.</summary>
    public bool IsDue
    {
        get
        {
            if (_changedAt is not { } changed || time.GetElapsedTime(changed) < ChangesSettle)
            {
                return false;
            }

            _changedAt = null;
            return true;
        }
    }

    /// <summary>The list for a moment without a daemon, as JSON; it counts as shown.</summary>
    public string ShowCached()
    {
        var list = cache.Read();
        _shown = Encoding.UTF8.GetBytes(list);
        return list;
    }

    /// <summary>Whether a daemon's answer is a list at all, and not an error or nothing.</summary>
    public static bool IsList(Envelope response) => ToolListCache.HasTools(JsonSlice.Member(response.Bytes, "result").Value);

    /// <summary>A daemon's list that goes to the client. One page of several is passed on and not remembered.</summary>
    public void Show(Envelope response)
    {
        if (Keep(response))
        {
            _shown = _current;
        }
    }

    /// <summary>A request for the list under an id of the shim's own. The answer to an earlier one may be older than the change: it counts no more.</summary>
    public byte[] NewRequest()
    {
        _request = new RequestId($"{ownIdPrefix}list-{++_requests}", 0);
        return era.Request(_request.Value, "tools/list");
    }

    /// <summary>Takes the answer to the shim's own request; false when it is none.</summary>
    public bool TakeOwn(Envelope response)
    {
        if (response.Id != _request)
        {
            return false;
        }

        _request = null;
        Keep(response);
        return true;
    }

    public void OnChanged() => _changedAt ??= time.GetTimestamp();

    /// <summary>What was under way on one connection says nothing about the next.</summary>
    /// <param name="daemonVersion">Of the daemon at its other end; null when there is none.</param>
    public void OnConnectionChanged(string? daemonVersion) => (_request, _changedAt, _daemonVersion) = (null, null, daemonVersion);

    /// <summary>Whether the client has to hear that its list is no longer the present one; true once for each change.</summary>
    public bool TakeNews()
    {
        if (_shown is not { } shown || _current is not { } current)
        {
            return false;
        }

        _shown = current;
        return !ToolListCache.AreEqual(shown, current);
    }

    /// <summary>Remembers a whole list that a daemon sent; false when it sent an error, nothing or a page instead.</summary>
    private bool Keep(Envelope response)
    {
        var (result, _) = JsonSlice.Member(response.Bytes, "result");
        if (!cache.Keep(result, _daemonVersion))
        {
            return false;
        }

        _current = result;
        return true;
    }
}
