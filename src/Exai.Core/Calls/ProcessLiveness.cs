using Exai.Settings.Home;

namespace Exai.Core.Calls;

/// <summary>On this host the owner's process decides, at once and without doubt; elsewhere its lease, which it renews while it lives.</summary>
public sealed class ProcessLiveness(TimeProvider time) : IOwnerLiveness
{
    public bool IsAlive(CallOwner owner, DateTimeOffset leaseUntil) =>
        ProcessIdentity.TryParse(owner.Process, out var process) && process.SameHost(ProcessIdentity.Current)
            ? process.IsAlive()
            : leaseUntil > time.GetUtcNow();
}
