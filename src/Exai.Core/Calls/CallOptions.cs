namespace Exai.Core.Calls;

/// <summary>How calls are run; from the settings of the same meaning.</summary>
public sealed record CallOptions
{
    /// <summary>The call clock: the whole call, spent time of earlier runs included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(960);

    /// <summary>A call that loses its daemon this often ends INTERRUPTED.</summary>
    public int MaxRuns { get; init; } = 3;

    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>How long a finished call can be claimed; an older call id is refused.</summary>
    public TimeSpan ResultTtl { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a call runs on after its client cancelled it.</summary>
    public TimeSpan CancelGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a call that another living daemon runs is looked at.</summary>
    public TimeSpan OwnerPoll { get; init; } = TimeSpan.FromMilliseconds(250);
}
