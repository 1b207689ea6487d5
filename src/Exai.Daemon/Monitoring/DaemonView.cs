using Exai.Daemon.Health;
using Exai.Daemon.Link;
using Exai.Settings;

namespace Exai.Daemon.Monitoring;

/// <summary>What the operations endpoint looks at. It changes nothing but by cancelling a call.</summary>
internal sealed record DaemonView(
    ExaiSettings Settings, DaemonCore Core, DaemonState State, LinkEndpoint Link, DaemonDescription Description, Heartbeat Heartbeat, TimeProvider Time);
