using Exai.Settings.Home;

namespace Exai.Core.Calls;

/// <summary>On this host the owner's process decides, at once and without doubt; elsewhere whether it renews its lease, which it does while it lives.</summary>
public sealed class ProcessLiveness(TimeSpan lease, TimeProvider time) : IOwnerLiveness
{
    private readonly LeaseWatch _elsewhere = new(lease, time);

    public bool IsAlive(CallOwner owner, DateTimeOffset leaseUntil) =>
        ProcessIdentity.TryParse(owner.Process, out var process) && process.SameHost(ProcessIdentity.Current)
            ? process.IsAlive()
            : !_elsewhere.IsSilent(owner.Epoch, leaseUntil);
}
