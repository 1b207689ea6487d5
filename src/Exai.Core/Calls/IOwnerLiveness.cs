namespace Exai.Core.Calls;

/// <summary>
/// Tells whether the daemon that owns a call still lives: on one host by its process, between hosts by the call's lease.
/// </summary>
public interface IOwnerLiveness
{
    bool IsAlive(CallOwner owner, DateTimeOffset leaseUntil);
}
