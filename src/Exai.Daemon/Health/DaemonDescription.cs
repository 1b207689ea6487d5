using Exai.Daemon.Link;
using Exai.Daemon.Security;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Daemon.Health;

/// <summary>What the health file and the operations endpoint tell of this daemon, as it is at the moment of asking. Thread-safe.</summary>
internal sealed class DaemonDescription(ExaiSettings settings, string epoch, DaemonCore core, DaemonState state, LinkEndpoint link, TimeProvider time)
{
    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    /// <summary>What both ports show; null when they speak plain.</summary>
    public ServedCertificate? Certificate { get; init; }

    /// <summary>Where the link listens.</summary>
    public int Port { get; set; }

    /// <summary>Where the operations endpoint listens; 0 when it does not.</summary>
    public int MonitoringPort { get; set; }

    public HealthDocument Read()
    {
        var now = time.GetUtcNow();
        var (status, busySince) = state.Current;
        var permits = core.Admission().Global;
        return new HealthDocument
        {
            T = now.ToUnixTimeMilliseconds() / 1000.0,
            Pid = Environment.ProcessId,
            Host = settings.Link.Host,
            Port = Port,
            MonitoringPort = MonitoringPort,
            TlsCertificates = Certificate?.Fingerprints ?? [],
            Epoch = epoch,
            Version = Product.Version,
            StartedAt = StartedAt,
            UptimeHuman = HumanDuration.Of(now - StartedAt),
            Status = status,
            BusySince = busySince,
            Sessions = link.SessionCount,
            GlobalCapacity = settings.Concurrency.GlobalMaxInflight,
            GlobalInflight = core.Calls.Running,
            Queued = permits.Queued,
            ToolCount = core.Tools.Tools.Count(),
            Problems = [.. core.Store.Problems, .. Certificate?.Problems() ?? []],
        };
    }
}
