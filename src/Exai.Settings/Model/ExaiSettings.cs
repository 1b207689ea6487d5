using Exai.Settings.Home;

namespace Exai.Settings;

/// <summary>
/// All settings in force, typed. Immutable; made by <see cref="SettingsLoader"/>, which puts the default in place of each value that it cannot use.
/// Secrets are in it, so its parts never print them.
/// </summary>
public sealed record ExaiSettings
{
    public required ExaiHome Home { get; init; }

    public required LinkSettings Link { get; init; }

    public required CallSettings Calls { get; init; }

    public required LogSettings Log { get; init; }

    public required ProviderSettings Glm { get; init; }

    public required ProviderSettings Kimi { get; init; }

    /// <summary>Clocks of endpoints that the providers file describes and that set none themselves.</summary>
    public required ProviderClocks GenericClocks { get; init; }

    public required ModelSettings Models { get; init; }

    public required WebSearchSettings WebSearch { get; init; }

    public required ConcurrencySettings Concurrency { get; init; }

    public required ToolSettings Tools { get; init; }

    public required StoreSettings Store { get; init; }

    public required MonitoringSettings Monitoring { get; init; }

    /// <summary>Providers beside GLM and Kimi.</summary>
    public EndpointsSettings Endpoints { get; init; } = EndpointsSettings.None;

    /// <summary>What the home's <c>models.json</c> says of models.</summary>
    public IReadOnlyList<ModelDescription> DescribedModels { get; init; } = [];

    /// <summary>Absolute path of the file that describes further endpoints; it need not exist.</summary>
    public required string ProvidersFile { get; init; }

    /// <summary>Collector for traces and metrics; null sends none.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>Any variable by the loader's precedence, for the key names that the providers file mentions.</summary>
    public required SettingsVariables Variables { get; init; }
}

/// <summary>Where log lines go is the program's choice; how they look and which are written is the user's.</summary>
public sealed record LogSettings
{
    public required Microsoft.Extensions.Logging.LogLevel Level { get; init; }

    /// <summary>One JSON object per line instead of text.</summary>
    public required bool Json { get; init; }
}
