namespace Exai.Settings;

/// <summary>One of the two providers that need no file.</summary>
public sealed record ProviderSettings
{
    /// <summary><c>glm</c> or <c>kimi</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Null when the provider is off.</summary>
    public string? ApiKey { get; init; }

    public required Uri BaseUrl { get; init; }

    public required string DefaultModel { get; init; }

    /// <summary>Best first; never empty.</summary>
    public required IReadOnlyList<string> PreferredModels { get; init; }

    public required int ConnectionPoolSize { get; init; }

    public required int MaxOutputTokens { get; init; }

    /// <summary>Attempts at once.</summary>
    public required int MaxInflight { get; init; }

    public required ProviderClocks Clocks { get; init; }

    /// <summary>Without the key: records print all members otherwise.</summary>
    public override string ToString() => $"{Name} at {BaseUrl}, {(ApiKey is null ? "no key" : "with key")}";
}
