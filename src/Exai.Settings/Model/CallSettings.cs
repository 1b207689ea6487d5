namespace Exai.Settings;

/// <summary>The life of a call.</summary>
public sealed record CallSettings
{
    /// <summary>How long a tool call may block its client; null leaves it to the table of clients.</summary>
    public TimeSpan? ClientWait { get; init; }

    public required TimeSpan CancelGrace { get; init; }

    public required TimeSpan Drain { get; init; }

    public required int MaxRuns { get; init; }

    public required TimeSpan Lease { get; init; }

    /// <summary>The call clock.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>The queue clock; null means what is left of the call clock.</summary>
    public TimeSpan? QueueTimeout { get; init; }

    /// <summary>How long a finished call stays claimable.</summary>
    public required TimeSpan ResultTtl { get; init; }
}
