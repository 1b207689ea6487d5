using System.Runtime.InteropServices;

namespace Exai.Core.Admission.Shares;

/// <summary>
/// Whether this daemon may still begin attempts on the shares that it last heard it had. The others take them when they have seen it renew nothing
/// for a whole lease; it believes in them for two thirds of one from the moment it asked, so it stops before, also when it was stopped itself and
/// wakes up. Guarded by whoever uses it.
/// </summary>
internal sealed class ShareLease(TimeSpan lease, TimeProvider time)
{
    private readonly TimeSpan _believed = lease * 2 / 3;
    private ShareMoment? _confirmed;

    /// <summary>Now, as an exchange begins.</summary>
    public ShareMoment Moment => new(time.GetTimestamp(), time.GetUtcNow());

    /// <summary>By the clock of the process; by the wall clock too, since only that one goes on while the machine sleeps.</summary>
    public bool Holds => _confirmed is { } confirmed && time.GetElapsedTime(confirmed.Timestamp) < _believed && time.GetUtcNow() - confirmed.UtcNow < _believed;

    /// <param name="asked">When the exchange began that was confirmed.</param>
    public void Confirm(ShareMoment asked) => _confirmed = asked;
}

/// <summary>A moment by both clocks of this process.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ShareMoment(long Timestamp, DateTimeOffset UtcNow);
