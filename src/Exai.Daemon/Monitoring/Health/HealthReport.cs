using Exai.Protocol;

namespace Exai.Daemon.Monitoring.Health;

/// <summary><c>GET /health</c>: how the daemon is, and why. Camel-case JSON.</summary>
internal sealed record HealthReport
{
    /// <summary>starting | ready | busy | draining, as in the health file.</summary>
    public required string Status { get; init; }

    /// <summary>What <c>/health/ready</c> answers: true for 200, false for 503.</summary>
    public required bool Ready { get; init; }

    /// <summary>What <c>/health/live</c> answers.</summary>
    public required bool Live { get; init; }

    public required string Version { get; init; }

    public required string Epoch { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? BusySince { get; init; }

    public required int Sessions { get; init; }

    /// <summary>Calls that run now.</summary>
    public required int Calls { get; init; }

    /// <summary>Attempts that wait for a permit.</summary>
    public required int Queued { get; init; }

    /// <summary>By name: loop, store, providers, permits, disk, memory; with TLS also tls.</summary>
    public required IReadOnlyDictionary<string, HealthComponent> Components { get; init; }

    public static HealthReport Of(HealthDocument daemon, bool ready, bool live, IReadOnlyDictionary<string, HealthComponent> components) => new()
    {
        Status = daemon.Status,
        Ready = ready,
        Live = live,
        Version = daemon.Version,
        Epoch = daemon.Epoch,
        StartedAt = daemon.StartedAt,
        BusySince = daemon.BusySince,
        Sessions = daemon.Sessions,
        Calls = daemon.GlobalInflight,
        Queued = daemon.Queued,
        Components = components,
    };
}

/// <param name="Status">One of <see cref="ComponentStatus"/>.</param>
/// <param name="Reason">For people: what was found, with values, and what to do where something is wrong.</param>
internal sealed record HealthComponent(string Status, string Reason)
{
    public static HealthComponent Ok(string reason) => new(ComponentStatus.Ok, reason);

    public static HealthComponent Warning(string reason) => new(ComponentStatus.Warning, reason);

    public static HealthComponent Broken(string reason) => new(ComponentStatus.Broken, reason);
}

internal static class ComponentStatus
{
    public const string Ok = "ok";

    /// <summary>Calls work; somebody should look.</summary>
    public const string Warning = "warning";

    /// <summary>Calls fail because of it.</summary>
    public const string Broken = "broken";
}
