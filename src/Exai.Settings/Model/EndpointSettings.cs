namespace Exai.Settings;

/// <summary>The providers beside GLM and Kimi: what the providers file describes, and what a key alone makes known.</summary>
public sealed record EndpointsSettings
{
    public static EndpointsSettings None { get; } = new() { All = [], DetectLocal = true };

    /// <summary>In the file's order; those that cannot be asked are among them, and say why.</summary>
    public required IReadOnlyList<EndpointSettings> All { get; init; }

    /// <summary>Whether model servers that listen on this machine are looked for.</summary>
    public required bool DetectLocal { get; init; }
}

/// <summary>One endpoint that speaks a dialect of the OpenAI protocol.</summary>
public sealed record EndpointSettings
{
    /// <summary>Small letters, digits, dots, dashes; as users write it before the slash of <c>provider/id</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="EndpointPresets"/>.</summary>
    public required string Preset { get; init; }

    public required EndpointDialect Dialect { get; init; }

    public required Uri BaseUrl { get; init; }

    /// <summary>The variable that holds the key; null for servers without keys.</summary>
    public string? KeyVariable { get; init; }

    /// <summary>The key itself; null when there is none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Sent with every request; variables in them are resolved, so they may hold secrets.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Best first; those named without more have nothing but their id. Empty leaves the choice to whoever names one.</summary>
    public IReadOnlyList<ModelDescription> Models { get; init; } = [];

    /// <summary>The model that stands for the endpoint; null when no model is named at all.</summary>
    public string? DefaultModel { get; init; }

    public required int MaxOutputTokens { get; init; }

    public required int ConnectionPoolSize { get; init; }

    /// <summary>Attempts at once.</summary>
    public required int MaxInflight { get; init; }

    public required ProviderClocks Clocks { get; init; }

    /// <summary>Whether it may be chosen without being named: by <c>auto</c>, and when another model failed.</summary>
    public required bool Automatic { get; init; }

    public required bool Enabled { get; init; }

    /// <summary>Variables that it needs and that are not set; it cannot be asked before they are.</summary>
    public required IReadOnlyList<string> MissingVariables { get; init; }

    /// <summary>Where it is described: <c>/path/providers.json:7</c>, or the source of the key that makes it known.</summary>
    public required string Source { get; init; }

    public bool IsUsable => Enabled && MissingVariables.Count == 0;

    /// <summary>Without key and headers: records print all members otherwise.</summary>
    public override string ToString() => $"{Name} at {BaseUrl}, {(ApiKey is null ? "no key" : "with key")}";
}

/// <summary>What is spoken at an endpoint.</summary>
public enum EndpointDialect
{
    OpenAi,
    Glm,
    Kimi,
}
