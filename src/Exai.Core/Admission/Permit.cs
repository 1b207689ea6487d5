using Exai.Protocol;

namespace Exai.Core.Admission;

/// <summary>Held → Released, or Held → TakenBack when the audit finds that its owner is gone; both are final.</summary>
internal sealed class Permit(PermitScheduler scheduler, Flow flow, PermitOwner owner, bool watched, TimeSpan grantedAt, TimeSpan waited, long turn) : IPermit
{
    public Flow Flow => flow;

    public PermitOwner Owner => owner;

    /// <summary>Whether the audit may judge it.</summary>
    public bool Watched => watched;

    public TimeSpan GrantedAt => grantedAt;

    /// <summary>The scheduler's turn at which it was granted.</summary>
    public long Turn => turn;

    public TimeSpan Waited => waited;

    /// <summary>Belongs to the scheduler's lock.</summary>
    public bool IsHeld { get; set; } = true;

    public ReceiptLimit? Learn(ProviderSignal signal, TimeSpan? retryAfter = null) => scheduler.Learn(this, signal, retryAfter);

    public void Dispose() => scheduler.GiveBack(this);
}
