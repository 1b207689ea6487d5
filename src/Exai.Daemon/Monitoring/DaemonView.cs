using Exai.Daemon.Health;
using Exai.Daemon.Http.Mcp;
using Exai.Daemon.Link;
using Exai.Daemon.Monitoring.Export;
using Exai.Daemon.Monitoring.Metrics;
using Exai.Settings;

namespace Exai.Daemon.Monitoring;

/// <summary>What the operations endpoint looks at. It changes nothing but by cancelling a call.</summary>
internal sealed record DaemonView(
    ExaiSettings Settings, DaemonCore Core, DaemonState State, LinkEndpoint Link, McpEndpoint Mcp, DaemonDescription Description, Heartbeat Heartbeat,
    MetricsCollection Metrics, TimeProvider Time)
{
    /// <summary>Reads the settings anew, with their sources; null when nobody said from where.</summary>
    public Func<SettingsResult>? ReadSettings { get; init; }

    /// <summary>Null when no collector gets the spans of calls.</summary>
    public TraceExport? Traces { get; init; }
}
