using Exai.Settings;

namespace Exai.Daemon.Monitoring.Api;

/// <summary>Everything of the API but the calls themselves.</summary>
internal sealed class ApiViews(DaemonView daemon, CallViews calls)
{
    private const int MostRunning = 1000;
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    private readonly SettingsResult? _started = daemon.ReadSettings?.Invoke();

    public async Task<OverviewDocument> OverviewAsync(CancellationToken cancellationToken)
    {
        var since = daemon.Time.GetUtcNow() - Day;
        var hours = await daemon.Core.History.HoursAsync(since, cancellationToken);
        return new OverviewDocument(
            daemon.Description.Read(), await daemon.Core.History.StatesAsync(since, cancellationToken), hours.Sum(hour => hour.Tokens), hours.Sum(hour => hour.CostUsd),
            daemon.Core.Admission().Global, await calls.ListAsync(search: null, "running", MostRunning, cancellationToken));
    }

    public SessionListDocument Sessions() => new(daemon.Description.Read().Epoch, [.. daemon.Link.Snapshot(), .. daemon.Mcp.Snapshot()]);

    public async Task<ProviderListDocument> ProvidersAsync(CancellationToken cancellationToken)
    {
        var since = daemon.Time.GetUtcNow() - Day;
        var hours = (await daemon.Core.History.HoursAsync(since, cancellationToken)).ToLookup(hour => hour.Provider);
        var failures = (await daemon.Core.History.FailuresAsync(since, cancellationToken)).ToLookup(failure => failure.Provider);
        var breakers = daemon.Core.Breakers.States().ToLookup(breaker => breaker.Provider);
        var limits = daemon.Core.Admission().Providers;
        return new ProviderListDocument(
        [
            .. daemon.Core.Directory.Providers.Select(provider => new ProviderDocument(
                provider.Name, provider.Dialect, provider.Origin, provider.IsDetected, provider.PreferredModels,
                limits.FirstOrDefault(limit => limit.Scope.Name == provider.Name),
                [.. breakers[provider.Name].Select(breaker => new BreakerDocument(breaker.Model, breaker.State.ToString().ToLowerInvariant()))],
                [.. hours[provider.Name]], [.. failures[provider.Name]])),
        ]);
    }

    /// <summary>Null when the daemon was not told where its settings came from.</summary>
    public SettingListDocument? Settings()
    {
        if (_started is null || daemon.ReadSettings?.Invoke() is not { } now)
        {
            return null;
        }

        var before = _started.Values.ToDictionary(value => value.Definition.Name, value => value.Text, StringComparer.Ordinal);
        var settings = now.Values.Select(value => new SettingDocument(
            value.Definition.Name, value.Definition.Section, value.Text, value.Definition.Unit, value.Source, value.Definition.Default,
            value.Definition.Meaning, before.GetValueOrDefault(value.Definition.Name) != value.Text)).ToList();
        return new SettingListDocument(now.SettingsFile, settings.Any(setting => setting.Changed), settings);
    }
}
