using Exai.Settings;

namespace Exai.Core.Admission;

/// <summary>The limits of admission; from the settings of the same meaning.</summary>
public sealed record AdmissionOptions
{
    /// <summary>Attempts running in the whole daemon.</summary>
    public int GlobalLimit { get; init; } = 5;

    /// <summary>Attempts running for one session.</summary>
    public int SessionLimit { get; init; } = 2;

    /// <summary>Attempts running at each provider, by its name. Those learned from its refusals may be lower, never higher.</summary>
    public IReadOnlyDictionary<string, int> ProviderLimits { get; init; } = new Dictionary<string, int>();

    /// <summary>For providers that <see cref="ProviderLimits"/> does not name.</summary>
    public int DefaultProviderLimit { get; init; } = 4;

    /// <summary>Places in the queue, shared out over the sessions.</summary>
    public int QueueMax { get; init; } = 64;

    /// <summary>The queue clock; null leaves the wait to its token.</summary>
    public TimeSpan? QueueTimeout { get; init; }

    /// <summary>Within a session, a waiter older than this goes before younger ones of any priority.</summary>
    public TimeSpan Aging { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Time between two audits of the permits.</summary>
    public TimeSpan AuditInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A waiter is told of its new place at most once in this time.</summary>
    public TimeSpan ReportInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <param name="furtherProviders">Limits of the endpoints that the providers file describes, by name.</param>
    public static AdmissionOptions From(ExaiSettings settings, IReadOnlyDictionary<string, int>? furtherProviders = null) => new()
    {
        GlobalLimit = settings.Concurrency.GlobalMaxInflight,
        SessionLimit = settings.Concurrency.SessionMaxInflight,
        ProviderLimits = new Dictionary<string, int>(furtherProviders ?? new Dictionary<string, int>(), StringComparer.OrdinalIgnoreCase)
        {
            [settings.Glm.Name] = settings.Glm.MaxInflight,
            [settings.Kimi.Name] = settings.Kimi.MaxInflight,
        },
        QueueMax = settings.Concurrency.QueueMax,
        QueueTimeout = settings.Calls.QueueTimeout,
        Aging = settings.Concurrency.QueueAging,
        AuditInterval = settings.Concurrency.PermitAuditInterval,
    };
}
