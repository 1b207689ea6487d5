namespace Exai.Core.Admission;

/// <summary>
/// Places in the queue, taken before a call is journaled: a call that has been accepted always finds room for its attempts. Thread-safe.
/// </summary>
public interface IQueuePlaces
{
    /// <summary>
    /// Takes a place for a call that will ask a model. The call's first <see cref="IPermits.AcquireAsync"/> uses it up; its later attempts
    /// need none and are never refused. Dispose it when the call has ended, in case it never asked.
    /// </summary>
    /// <param name="provider">Whom the call will ask, if that is known; only for the estimate of when to come back.</param>
    /// <exception cref="Exai.Protocol.CallException">
    /// OVER_CAPACITY: the session's share of the queue is used up. It says which limit, how many wait, and when to come back.
    /// </exception>
    IDisposable Reserve(string callId, string sessionId, string? provider = null);
}
