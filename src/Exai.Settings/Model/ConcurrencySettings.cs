namespace Exai.Settings;

/// <summary>Permits, queue, circuit breaker and retry.</summary>
public sealed record ConcurrencySettings
{
    public required int GlobalMaxInflight { get; init; }

    public required int SessionMaxInflight { get; init; }

    /// <summary>The same number as <see cref="ProviderSettings.MaxInflight"/> of GLM.</summary>
    public required int GlmMaxInflight { get; init; }

    /// <summary>The same number as <see cref="ProviderSettings.MaxInflight"/> of Kimi.</summary>
    public required int KimiMaxInflight { get; init; }

    /// <summary>Connected sessions.</summary>
    public required int MaxSessions { get; init; }

    public required int QueueMax { get; init; }

    /// <summary>Waiting time after which priority no longer counts.</summary>
    public required TimeSpan QueueAging { get; init; }

    public required TimeSpan PermitAuditInterval { get; init; }

    /// <summary>At least 2.</summary>
    public required int BreakerFailureThreshold { get; init; }

    public required TimeSpan BreakerRecovery { get; init; }

    /// <summary>Further requests after the first.</summary>
    public required int RetryAttempts { get; init; }

    public required TimeSpan RetryBackoffBase { get; init; }

    public required TimeSpan RetryBackoffMax { get; init; }
}
