namespace Exai.Core.Calls;

/// <summary>
/// Tells whether the daemon that owns a call still lives: on one host by its process, between hosts by the call's lease.
/// </summary>
public interface IOwnerLiveness
{
    /// <param name="leaseUntil">As it was read just now. Between hosts one look says little; looks a moment apart do.</param>
    bool IsAlive(CallOwner owner, DateTimeOffset leaseUntil);
}
