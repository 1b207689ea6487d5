namespace Exai.Settings;

/// <summary>
/// What somebody says of a model: the user in <c>models.json</c> or <c>providers.json</c>, a provider in its live list, or code. Null means
/// not said, and leaves what else is known.
/// </summary>
public sealed record ModelDescription
{
    /// <summary>What the provider is asked for.</summary>
    public required string Id { get; init; }

    /// <summary>The provider's name; null describes the id wherever it is served.</summary>
    public string? Provider { get; init; }

    /// <summary>Tokens of prompt and answer together.</summary>
    public long? Window { get; init; }

    /// <summary>Most tokens of one answer, reasoning included.</summary>
    public int? MaxOutput { get; init; }

    /// <summary>Takes images.</summary>
    public bool? Vision { get; init; }

    public ThinkingKind? Thinking { get; init; }

    /// <summary>The levels of thinking that really differ, by the provider's names; null leaves those that are known.</summary>
    public IReadOnlyList<string>? Efforts { get; init; }

    /// <summary>Can search the web with what this program sends.</summary>
    public bool? WebSearch { get; init; }

    /// <summary>Can call functions.</summary>
    public bool? Tools { get; init; }

    /// <summary>Refuses temperature and its like.</summary>
    public bool? FixedSampling { get; init; }

    /// <summary>USD for a million prompt tokens.</summary>
    public decimal? PriceIn { get; init; }

    /// <summary>USD for a million answer tokens, reasoning included.</summary>
    public decimal? PriceOut { get; init; }

    /// <summary>USD for a million prompt tokens found in the provider's cache.</summary>
    public decimal? PriceCached { get; init; }

    /// <summary>Further names; null leaves those that are known.</summary>
    public IReadOnlyList<string>? Aliases { get; init; }

    /// <summary>Retired, or announced to be.</summary>
    public bool? Dated { get; init; }

    /// <summary>The id to use instead.</summary>
    public string? Successor { get; init; }
}

/// <summary>How a model thinks before it answers.</summary>
public enum ThinkingKind
{
    /// <summary>Never.</summary>
    None,

    /// <summary>When the model finds it worth while, unless told.</summary>
    Hybrid,

    /// <summary>Unless told otherwise.</summary>
    DefaultOn,

    /// <summary>Whatever it is told.</summary>
    Always,

    /// <summary>By a switch that stands on at first.</summary>
    Toggle,
}
