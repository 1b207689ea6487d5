using System.Globalization;
using Exai.Core.Models;
using Exai.Core.Storage;
using Exai.Daemon.Health;
using Exai.Protocol;
using Polly.CircuitBreaker;

namespace Exai.Daemon.Monitoring.Health;

/// <summary>
/// Looks at each part of the daemon and says how it is. Asks no provider. A daemon that is full or busy is live and ready: only one that
/// cannot take or finish a call is not.
/// </summary>
internal sealed class HealthCheck(DaemonView daemon)
{
    private const long Megabyte = 1024 * 1024;
    private const long FewBytes = 500 * Megabyte;
    private const long NoBytes = 20 * Megabyte;

    /// <summary>A store that takes longer to commit nothing is stuck.</summary>
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(2);

    /// <summary>Whether the daemon's loop turns. A restart mends it if not, so nothing else may make this false.</summary>
    public bool IsLive => Loop().Status != ComponentStatus.Broken;

    public async Task<HealthReport> ReadAsync(CancellationToken cancellationToken)
    {
        var description = daemon.Description.Read();
        var components = new Dictionary<string, HealthComponent>(StringComparer.Ordinal)
        {
            ["loop"] = Loop(),
            ["store"] = await StoreAsync(cancellationToken),
            ["providers"] = Providers(),
            ["permits"] = Permits(),
            ["disk"] = Disk(),
            ["memory"] = Memory(),
        };
        if (daemon.Description.Certificate is { } certificate)
        {
            components["tls"] = certificate.Problems() is [_, ..] problems ? HealthComponent.Warning(string.Join(' ', problems)) : HealthComponent.Ok(certificate.Description);
        }

        var live = components["loop"].Status != ComponentStatus.Broken;
        var ready = live && description.Status is DaemonStatus.Ready or DaemonStatus.Busy && components["store"].Status != ComponentStatus.Broken;
        return HealthReport.Of(description, ready, live, components);
    }

    private HealthComponent Loop() => Loop(daemon.Heartbeat, daemon.Settings.Link.HealthStale);

    internal static HealthComponent Loop(Heartbeat heartbeat, TimeSpan limit) => heartbeat.Age > limit
        ? HealthComponent.Broken($"The daemon's loop has not turned for {heartbeat.Age.TotalSeconds:0} s (EXAI_HEALTH_STALE_SECS is {limit.TotalSeconds:0}). Kill the daemon: no call is lost.")
        : HealthComponent.Ok($"turned {heartbeat.Age.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s ago");

    private async Task<HealthComponent> StoreAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(StorePatience, daemon.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await daemon.Core.ProbeStoreAsync().WaitAsync(either.Token);
            var waiting = daemon.Core.Calls.NotJournaled;
            return waiting == 0
                ? HealthComponent.Ok($"{daemon.Settings.Store.Name} takes writes")
                : HealthComponent.Warning($"{waiting} outcomes were sent and are not journaled yet.");
        }
        catch (StoreException failure)
        {
            return HealthComponent.Broken(failure.Full ? $"The disk of {daemon.Settings.Store.Name} is full. Free some space." : failure.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthComponent.Broken(
                daemon.Core.Store.Database.Problem ?? $"{daemon.Settings.Store.Name} has not taken a write for {StorePatience.TotalSeconds:0} s.");
        }
    }

    private HealthComponent Providers()
    {
        var providers = daemon.Core.Directory.Providers;
        var open = daemon.Core.Breakers.States().Where(breaker => breaker.State is CircuitState.Open or CircuitState.Isolated).ToList();
        return providers.Count == 0 ? HealthComponent.Warning(NoProvider.Advice)
            : open.Count > 0 ? HealthComponent.Warning(
                $"Given up for a while after failures: {string.Join(", ", open.Select(breaker => $"{breaker.Provider}/{breaker.Model}"))}. The others answer.")
            : HealthComponent.Ok($"configured: {string.Join(", ", providers.Select(provider => provider.Name))}");
    }

    private HealthComponent Permits()
    {
        var all = daemon.Core.Admission();
        var text = $"{all.Global.Held} of {all.Global.Limit} held, {all.Global.Queued} attempts wait, {all.Leaks} leaks taken back since the start";
        return all.Providers.Where(provider => provider.PausedUntil is not null).ToList() is [_, ..] paused
            ? HealthComponent.Warning($"{text}; {string.Join(", ", paused.Select(provider => provider.Scope.Name))} asked to be left alone for a while")
            : HealthComponent.Ok(text);
    }

    private HealthComponent Disk()
    {
        var folder = Path.GetDirectoryName(daemon.Settings.Store.Path)!;
        try
        {
            var free = new DriveInfo(folder).AvailableFreeSpace;
            var text = $"{Megabytes(free)} free at {folder}";
            return free < NoBytes ? HealthComponent.Broken($"{text}: new calls may be refused. Free some space.")
                : free < FewBytes ? HealthComponent.Warning($"{text}. Free some space before calls are refused.")
                : HealthComponent.Ok(text);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return HealthComponent.Warning($"The free space at {folder} cannot be read: {failure.Message}");
        }
    }

    private static HealthComponent Memory()
    {
        var memory = GC.GetGCMemoryInfo();
        var text = $"{Megabytes(Environment.WorkingSet)} in use, {Megabytes(memory.TotalAvailableMemoryBytes)} allowed";
        return Environment.WorkingSet > 0.9 * memory.TotalAvailableMemoryBytes
            ? HealthComponent.Warning($"{text}: the system may end the daemon. No call is lost by that.")
            : HealthComponent.Ok(text);
    }

    private static string Megabytes(long bytes) => $"{bytes / Megabyte:N0} MB";
}
