using System.Runtime.InteropServices;
using Exai.Protocol;

namespace Exai.Core.Admission;

/// <summary>
/// Decides when an attempt may reach its provider. One permit covers all scopes at once (global, session, provider), and is held only
/// while the attempt lives: never between retries, never for another provider. Thread-safe.
/// </summary>
/// <remarks>
/// Nothing here says that the limits are counted in this process: daemons on one store share them, and a permit is then granted within this
/// daemon's share (<see cref="Shares.SharedPermits"/>).
/// </remarks>
public interface IPermits
{
    /// <summary>Waits for a permit.</summary>
    /// <exception cref="OperationCanceledException">The token fired first; nothing is held.</exception>
    /// <exception cref="CallException">
    /// TIMEOUT with clock <c>queue</c>: the queue clock, if one is set, ended the wait. RATE_LIMITED with the time to come back: the provider
    /// is paused for longer than the request's patience.
    /// </exception>
    ValueTask<IPermit> AcquireAsync(PermitRequest request, CancellationToken cancellationToken);
}

/// <summary>One attempt's right to run. Disposing gives it back; a second time does nothing.</summary>
public interface IPermit : IDisposable
{
    /// <summary>How long the attempt waited for it.</summary>
    TimeSpan Waited { get; }

    /// <summary>Tells what the provider's answer says about its limits; call it before giving the permit back.</summary>
    /// <returns>What that has changed; null when nothing.</returns>
    ReceiptLimit? Learn(ProviderSignal signal, TimeSpan? retryAfter = null);
}

/// <summary>What an attempt taught about the provider's limits.</summary>
public enum ProviderSignal
{
    /// <summary>It was served.</summary>
    Served,

    /// <summary>Refused for rate or concurrency, not for quota or balance.</summary>
    Refused,

    /// <summary>It ended in a way that says nothing about limits.</summary>
    Neutral,
}

/// <summary>Who wants a permit, and for what.</summary>
public sealed record PermitRequest
{
    public required string CallId { get; init; }

    public required string SessionId { get; init; }

    public required string Provider { get; init; }

    public required string Model { get; init; }

    /// <summary>Which of its call's attempts it is; with the call id it names the permit's owner.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>When the attempt will have ended at the latest. For limits that several daemons share: in one daemon the audit knows who lives.</summary>
    public DateTimeOffset? Expiry { get; init; }

    /// <summary>What is left of the call clock: a provider's pause that lasts longer is not waited for. Null waits for any.</summary>
    public TimeSpan? Patience { get; init; }

    public AttemptPriority Priority { get; init; }

    /// <summary>Told when the place in the queue changes; never called after the wait has ended.</summary>
    public Action<QueuePlace>? Queued { get; init; }
}

/// <summary>The attempt that holds a permit.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PermitOwner(string CallId, int Attempt)
{
    public override string ToString() => $"{CallId} attempt {Attempt}";
}

/// <summary>Within a session, whose attempts go first.</summary>
public enum AttemptPriority
{
    /// <summary>Somebody waits for this answer.</summary>
    Interactive,

    /// <summary>One of several that a tool asks for: an expert's opinion, a consensus.</summary>
    Background,
}

/// <summary>Where an attempt stands in the queue.</summary>
/// <param name="Place">1 is next.</param>
/// <param name="EstimatedWait">Null while nothing is known to estimate from.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct QueuePlace(int Place, TimeSpan? EstimatedWait);
