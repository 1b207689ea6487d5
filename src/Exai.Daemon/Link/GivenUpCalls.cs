using Exai.Core.Calls;

namespace Exai.Daemon.Link;

/// <summary>
/// Calls without an id of their client's whose waiting ended before their answer: cancelled, dropped, or answered as running. The same
/// question of the same session joins one of them; a shim keeps this book itself. It does not outlive the daemon. Thread-safe.
/// </summary>
internal sealed class GivenUpCalls
{
    /// <summary>More than clients give up; what is forgotten can still be claimed by its id.</summary>
    private const int Most = 1000;

    private readonly Lock _lock = new();
    private readonly List<(string SessionId, string Fingerprint, string CallId)> _calls = [];

    public void Add(CallRequest call)
    {
        var fingerprint = call.Fingerprint();
        lock (_lock)
        {
            ForgetUnsynchronized(call.CallId);
            if (_calls.Count >= Most)
            {
                _calls.RemoveAt(0);
            }

            _calls.Add((call.SessionId, fingerprint, call.CallId));
        }
    }

    /// <summary>The id of the call that this one repeats, which then counts as waited for again; null when it repeats none.</summary>
    public string? TakeRepeated(CallRequest call)
    {
        lock (_lock)
        {
            if (!_calls.Exists(known => known.SessionId == call.SessionId))
            {
                return null;
            }
        }

        // Not under the lock: arguments may be megabytes.
        var fingerprint = call.Fingerprint();
        lock (_lock)
        {
            var found = _calls.FindLastIndex(known => known.SessionId == call.SessionId && known.Fingerprint == fingerprint);
            if (found < 0)
            {
                return null;
            }

            var callId = _calls[found].CallId;
            _calls.RemoveAt(found);
            return callId;
        }
    }

    /// <summary>Its client has the answer.</summary>
    public void Forget(string callId)
    {
        lock (_lock)
        {
            ForgetUnsynchronized(callId);
        }
    }

    private void ForgetUnsynchronized(string callId) => _calls.RemoveAll(known => known.CallId == callId);
}
