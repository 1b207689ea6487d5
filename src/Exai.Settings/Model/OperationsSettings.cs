using Exai.Protocol;

namespace Exai.Settings;

/// <summary>Tools, threads and what they may read.</summary>
public sealed record ToolSettings
{
    public required ToolProfile Profile { get; init; }

    public required IReadOnlyList<string> Enabled { get; init; }

    public required IReadOnlyList<string> Disabled { get; init; }

    /// <summary>The tools that clients get.</summary>
    public IReadOnlyList<ToolDescriptor> Offered => ToolCatalogue.Select((ToolTier)Profile, Enabled, Disabled);

    /// <summary>A thread's life after its last turn.</summary>
    public required TimeSpan ConversationTimeout { get; init; }

    public required int MaxConversationTurns { get; init; }

    /// <summary>Absolute folders; empty means the client's workspace.</summary>
    public required IReadOnlyList<string> AllowedRoots { get; init; }
}

/// <summary>How many tools are offered; in the order of <see cref="ToolTier"/>.</summary>
public enum ToolProfile
{
    Lean,
    Standard,
    Full,
}

/// <summary>Where calls and threads are kept.</summary>
public sealed record StoreSettings
{
    /// <summary>Absolute path of the SQLite file, which is not there when <see cref="Server"/> is named.</summary>
    public required string Path { get; init; }

    /// <summary>The PostgreSQL database; null for SQLite.</summary>
    public PostgresAddress? Server { get; init; }

    /// <summary>For people, without secrets.</summary>
    public string Name => Server?.ToString() ?? Path;

    /// <summary>Wait for the disk at each commit.</summary>
    public required bool FullSync { get; init; }
}

/// <summary>The operations endpoint: health, metrics, dashboard.</summary>
public sealed record MonitoringSettings
{
    public required string Host { get; init; }

    /// <summary>0 means any free port.</summary>
    public required int Port { get; init; }

    public required bool Enabled { get; init; }

    public required TimeSpan PingInterval { get; init; }

    public required TimeSpan PingTimeout { get; init; }
}
