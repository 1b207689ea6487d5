using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.Glm;
using Exai.Core.Storage;
using Exai.Settings;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers;

/// <summary>
/// Makes the providers that the settings describe: GLM, Kimi, and every endpoint of the providers file. A provider with a client of its own is
/// one more line in <see cref="All"/>.
/// </summary>
/// <param name="files">What was uploaded to them; null keeps it in memory.</param>
internal sealed class ConfiguredProviders(ExaiSettings settings, ModelCatalogue catalogue, TimeProvider time, IProviderFileIndex? files = null)
{
    private const int LocalMaxInflight = 2;

    /// <summary>Those that can be asked, in the order in which they are preferred.</summary>
    public IReadOnlyList<ModelProvider> All()
    {
        var providers = new List<ModelProvider>();
        if (settings.Glm.ApiKey is not null)
        {
            providers.Add(BuiltIn(settings.Glm, ProviderClients.Glm(Endpoint(settings.Glm), catalogue, WebSearch(), time, files: files), "GLM_API_KEY"));
        }

        if (settings.Kimi.ApiKey is not null)
        {
            providers.Add(BuiltIn(settings.Kimi, ProviderClients.Kimi(Endpoint(settings.Kimi), catalogue, time, files: files, searchMode: settings.WebSearch.KimiMode), "KIMI_API_KEY") with
            {
                ThinkingModel = settings.Models.KimiThinkingModel,
                SpeedModel = settings.Models.KimiSpeedModel,
            });
        }

        providers.AddRange(settings.Endpoints.All.Where(endpoint => endpoint.IsUsable).Select(endpoint => Connect(endpoint, isDetected: false)));
        return providers;
    }

    /// <summary>Those that cannot, by name, with what to do about it.</summary>
    public IReadOnlyDictionary<string, string> Unusable()
    {
        var advice = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var endpoint in settings.Endpoints.All.Where(endpoint => !endpoint.IsUsable))
        {
            advice[endpoint.Name] = endpoint.Enabled
                ? $"{endpoint.Name} ({endpoint.Source}) needs {string.Join(" and ", endpoint.MissingVariables)}, which is not set. " +
                    "Set it in the .env file of EXAI_HOME, then run 'exai stop' and 'exai start'."
                : $"{endpoint.Name} is switched off: {endpoint.Source} says \"enabled\": false.";
        }

        foreach (var provider in new[] { settings.Glm, settings.Kimi }.Where(provider => provider.ApiKey is null))
        {
            advice[provider.Name] =
                $"{provider.Name} has no key. Set {provider.Name.ToUpperInvariant()}_API_KEY in the .env file of EXAI_HOME, then run 'exai stop' and 'exai start'.";
        }

        return advice;
    }

    /// <summary>The presets that may run on this machine and that no entry of the providers file speaks of, by name, preset or address.</summary>
    public IReadOnlyList<EndpointPreset> LookedFor() => settings.Endpoints.DetectLocal
        ? [.. EndpointPresets.All.Where(preset => preset.IsLocal && !settings.Endpoints.All.Any(endpoint => SpeaksOf(endpoint, preset)))]
        : [];

    /// <summary>Attempts at once, by provider; local servers that may yet be found are among them.</summary>
    public Dictionary<string, int> Limits()
    {
        var limits = LookedFor().ToDictionary(preset => preset.Name, _ => LocalMaxInflight, StringComparer.Ordinal);
        limits[settings.Glm.Name] = settings.Glm.MaxInflight;
        limits[settings.Kimi.Name] = settings.Kimi.MaxInflight;
        foreach (var endpoint in settings.Endpoints.All)
        {
            limits[endpoint.Name] = endpoint.MaxInflight;
        }

        return limits;
    }

    /// <summary>The provider of a local server that was found.</summary>
    public ModelProvider Detected(EndpointPreset preset)
    {
        var endpoint = new EndpointSettings
        {
            Name = preset.Name,
            Preset = preset.Name,
            Dialect = EndpointDialect.OpenAi,
            BaseUrl = preset.BaseUrl!,
            MaxOutputTokens = settings.Models.DefaultMaxOutputTokens,
            ConnectionPoolSize = 4,
            MaxInflight = LocalMaxInflight,
            Clocks = settings.GenericClocks,
            Automatic = false,
            Enabled = true,
            MissingVariables = [],
            Source = $"found at {preset.BaseUrl!.Authority}",
        };
        return Connect(endpoint, isDetected: true);
    }

    private static bool SpeaksOf(EndpointSettings endpoint, EndpointPreset preset) =>
        endpoint.Name == preset.Name || endpoint.Preset == preset.Name
        || (endpoint.BaseUrl.IsLoopback && endpoint.BaseUrl.Port == preset.BaseUrl!.Port);

    private static ModelProvider BuiltIn(ProviderSettings settings, IChatClient client, string origin) => new(
        settings.Name, client, settings.Clocks,
        [.. settings.PreferredModels.Prepend(settings.DefaultModel).Distinct(StringComparer.OrdinalIgnoreCase)],
        settings.MaxOutputTokens)
    {
        MaxInflight = settings.MaxInflight,
        Dialect = settings.Name,
        Origin = origin,
    };

    private static ProviderEndpoint Endpoint(ProviderSettings settings) => new()
    {
        Name = settings.Name,
        BaseUrl = settings.BaseUrl,
        ApiKey = settings.ApiKey,
        MaxConnections = settings.ConnectionPoolSize,
        ConnectTimeout = settings.Clocks.Connect,
    };

    private ModelProvider Connect(EndpointSettings described, bool isDetected)
    {
        var dialect = described.Dialect switch
        {
            EndpointDialect.Glm => "glm",
            EndpointDialect.Kimi => "kimi",
            _ => "openai",
        };
        var models = catalogue.For(described.Name, dialect).With(described.Models.Select(model => model with { Provider = described.Name }));
        var endpoint = new ProviderEndpoint
        {
            Name = described.Name,
            BaseUrl = described.BaseUrl,
            ApiKey = described.ApiKey,
            KeyVariable = described.KeyVariable,
            Headers = described.Headers,
            MaxConnections = described.ConnectionPoolSize,
            ConnectTimeout = described.Clocks.Connect,
        };
        IChatClient client = described.Dialect switch
        {
            EndpointDialect.Glm => ProviderClients.Glm(endpoint, models, WebSearch(), time, files: files),
            EndpointDialect.Kimi => ProviderClients.Kimi(endpoint, models, time, files: files, searchMode: settings.WebSearch.KimiMode),
            _ => ProviderClients.Generic(endpoint, models, time),
        };
        return new ModelProvider(described.Name, client, described.Clocks, Preferred(described), described.MaxOutputTokens)
        {
            MaxInflight = described.MaxInflight,
            Dialect = dialect,
            Models = described.Models,
            Automatic = described.Automatic,
            IsDetected = isDetected,
            Origin = described.Source,
        };
    }

    private static string[] Preferred(EndpointSettings described) =>
    [
        .. new[] { described.DefaultModel }.OfType<string>().Concat(described.Models.Select(model => model.Id)).Distinct(StringComparer.OrdinalIgnoreCase),
    ];

    private GlmWebSearchOptions WebSearch() => new(
        settings.WebSearch.GlmEngine, settings.WebSearch.GlmCount, settings.WebSearch.GlmRecency, settings.WebSearch.GlmDomainFilter);
}
