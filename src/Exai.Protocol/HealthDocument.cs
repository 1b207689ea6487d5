using System.Text.Json.Serialization;

namespace Exai.Protocol;

/// <summary>
/// <c>$EXAI_HOME/health.json</c>: where the daemon listens and how it is. Snake-case JSON. Readers accept missing members;
/// writers replace the file whole. The shim learns the port and the epoch here; the dial is the truth.
/// </summary>
public sealed record HealthDocument
{
    /// <summary>When it was written, Unix seconds.</summary>
    public double T { get; init; }

    public int Pid { get; init; }

    public string Host { get; init; } = "";

    public int Port { get; init; }

    /// <summary>0 when the operations endpoint is off or could not listen.</summary>
    public int MonitoringPort { get; init; }

    /// <summary>
    /// SHA-256 of each certificate that both ports may show now, in hexadecimal: with TLS one, and two for moments around a renewal. Empty: they speak plain.
    /// </summary>
    public IReadOnlyList<string> TlsCertificates { get; init; } = [];

    /// <summary>A new UUID at each start of a daemon.</summary>
    public string Epoch { get; init; } = "";

    public string Version { get; init; } = "";

    public DateTimeOffset StartedAt { get; init; }

    public string UptimeHuman { get; init; } = "";

    /// <summary>starting | ready | busy | draining.</summary>
    public string Status { get; init; } = "";

    public DateTimeOffset? BusySince { get; init; }

    public int Sessions { get; init; }

    public int GlobalCapacity { get; init; }

    public int GlobalInflight { get; init; }

    public int Queued { get; init; }

    public int ToolCount { get; init; }

    /// <summary>What people should know and mend, in sentences; empty when all is well.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>Values of <see cref="HealthDocument.Status"/>.</summary>
public static class DaemonStatus
{
    public const string Starting = "starting";
    public const string Ready = "ready";
    public const string Busy = "busy";
    public const string Draining = "draining";
}

/// <summary>
/// <c>$EXAI_HOME/daemon.json</c>: who looks after the daemon. A shim starts a missing daemon only when nobody else does
/// and it was not stopped on purpose.
/// </summary>
public sealed record DaemonOwnership
{
    /// <summary>shim | user | a service manager's name; null when nobody has started one yet.</summary>
    public string? ManagedBy { get; init; }

    public bool StoppedOnPurpose { get; init; }

    [JsonIgnore]
    public bool ShimMayStart => !StoppedOnPurpose && ManagedBy is null or "shim" or "user";
}
