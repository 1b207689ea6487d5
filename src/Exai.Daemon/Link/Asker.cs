using Exai.Core.Calls;

namespace Exai.Daemon.Link;

/// <summary>
/// Whoever sent one <c>tools/call</c>. Its connection may be lost, and a shim may have told its client meanwhile that the call runs on:
/// then nobody waits for the answer any more, and the call goes on without. Thread-safe.
/// </summary>
/// <param name="left">Fires when its connection is lost.</param>
/// <param name="undelivered">Told of an answered call whose answer could not be written to its asker; null tells nobody.</param>
internal sealed class Asker(CancellationToken left, Action<CallRequest>? undelivered = null)
{
    private readonly Lock _lock = new();
    private CallAttachment? _waitsFor;
    private CallRequest? _answered;
    private (bool Stopped, bool Again) _waiting;
    private volatile bool _cancelled;

    /// <summary>Fires when its connection is lost.</summary>
    public CancellationToken Left => left;

    /// <summary>It has cancelled the request: whatever comes of that wants no answer.</summary>
    public bool HasCancelled => _cancelled;

    public void Cancels() => _cancelled = true;

    /// <summary>The call that the request became.</summary>
    public void WaitsFor(CallAttachment attachment)
    {
        (bool Stopped, bool Again) waiting;
        lock (_lock)
        {
            (_waitsFor, waiting) = (attachment, _waiting);
        }

        if (waiting.Stopped)
        {
            attachment.Detach(counts: !waiting.Again);
        }
    }

    /// <summary>It will pass the answer on to nobody, but wants to hear that there is one.</summary>
    /// <param name="again">It said so on an earlier connection too.</param>
    public void StopsWaiting(bool again)
    {
        CallAttachment? attachment;
        lock (_lock)
        {
            (_waiting, attachment) = ((true, again), _waitsFor);
        }

        attachment?.Detach(counts: !again);
    }

    /// <summary>The call's answer is about to be written to it.</summary>
    public void IsAnswered(CallRequest call)
    {
        lock (_lock)
        {
            if (!left.IsCancellationRequested)
            {
                _answered = call;
                return;
            }
        }

        undelivered?.Invoke(call);
    }

    /// <summary>To be called after <see cref="Left"/> has fired: what was not written to it is lost.</summary>
    public void HasLeft()
    {
        CallRequest? lost;
        lock (_lock)
        {
            lost = _answered;
        }

        if (lost is not null)
        {
            undelivered?.Invoke(lost);
        }
    }
}
