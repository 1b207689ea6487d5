namespace Exai.Settings;

/// <summary>Which model answers.</summary>
public sealed record ModelSettings
{
    /// <summary><c>auto</c> or a model id.</summary>
    public required string DefaultModel { get; init; }

    public required FallbackMode Fallback { get; init; }

    /// <summary>Empty means the other providers' default models.</summary>
    public required IReadOnlyList<string> FallbackModels { get; init; }

    public required int DefaultMaxOutputTokens { get; init; }

    public required string KimiThinkingModel { get; init; }

    public required string KimiSpeedModel { get; init; }
}

/// <summary>Whether another model may answer when one fails.</summary>
public enum FallbackMode
{
    /// <summary>Only if the caller named no model.</summary>
    Auto,
    Always,
    Never,
}

/// <summary>Native web search of the providers.</summary>
public sealed record WebSearchSettings
{
    public required int GlmCount { get; init; }

    public required string GlmEngine { get; init; }

    /// <summary><c>all</c> or one of the provider's values: oneDay, oneWeek, oneMonth, oneYear, noLimit.</summary>
    public required string GlmRecency { get; init; }

    public string? GlmDomainFilter { get; init; }

    public required KimiSearchMode KimiMode { get; init; }
}

/// <summary>Kimi's two interfaces to web search.</summary>
public enum KimiSearchMode
{
    Builtin,
    Formula,
}
