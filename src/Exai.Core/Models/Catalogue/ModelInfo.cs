using System.Text.Json.Serialization;
using Exai.Settings;

namespace Exai.Core.Models.Catalogue;

/// <summary>What is known of a model. Null means not known, never "no": unknown ids and unknown limits must work.</summary>
internal sealed record ModelInfo
{
    public required string Id { get; init; }

    public required string Provider { get; init; }

    /// <summary>Tokens of prompt and answer together.</summary>
    public long? Window { get; init; }

    /// <summary>Most tokens of one answer, reasoning included.</summary>
    public int? MaxOutput { get; init; }

    /// <summary>Takes images.</summary>
    public bool? Vision { get; init; }

    public ThinkingKind? Thinking { get; init; }

    /// <summary>The levels of thinking that really differ, by the provider's names, least first; empty when it is on or off only.</summary>
    // The generated reader assigns null to members that the JSON leaves out.
    public IReadOnlyList<string> Efforts { get; init => field = value ?? []; } = [];

    /// <summary>Refuses temperature and its like.</summary>
    public bool FixedSampling { get; init; }

    /// <summary>Can search the web through its provider, with what this program sends.</summary>
    public bool WebSearch { get; init; }

    /// <summary>Can call functions.</summary>
    public bool? Tools { get; init; }

    /// <summary>USD for a million prompt tokens.</summary>
    public decimal? PriceIn { get; init; }

    /// <summary>USD for a million answer tokens, reasoning included.</summary>
    public decimal? PriceOut { get; init; }

    /// <summary>USD for a million prompt tokens found in the provider's cache; null: as <see cref="PriceIn"/>.</summary>
    public decimal? PriceCached { get; init; }

    // The generated reader assigns null to members that the JSON leaves out.
    public IReadOnlyList<string> Aliases { get; init => field = value ?? []; } = [];

    /// <summary>Retired, or announced to be; a provider may still serve it.</summary>
    public bool Dated { get; init; }

    /// <summary>What to use in a dated model's place.</summary>
    public string? Successor { get; init; }

    /// <summary>Who says all this.</summary>
    [JsonIgnore]
    public ModelOrigin Origin { get; init; }

    /// <summary>Whether the model can think, if it is told to; false when that is not known.</summary>
    [JsonIgnore]
    public bool CanThink => Thinking is not (null or ThinkingKind.None);

    /// <summary>This, corrected by what somebody who knows better says.</summary>
    public ModelInfo With(ModelDescription said, ModelOrigin origin) => this with
    {
        Window = said.Window ?? Window,
        MaxOutput = said.MaxOutput ?? MaxOutput,
        Vision = said.Vision ?? Vision,
        Thinking = said.Thinking ?? Thinking,
        Efforts = said.Efforts ?? Efforts,
        FixedSampling = said.FixedSampling ?? FixedSampling,
        WebSearch = said.WebSearch ?? WebSearch,
        Tools = said.Tools ?? Tools,
        PriceIn = said.PriceIn ?? PriceIn,
        PriceOut = said.PriceOut ?? PriceOut,
        PriceCached = said.PriceCached ?? PriceCached,
        Aliases = said.Aliases ?? Aliases,
        Dated = said.Dated ?? Dated,
        Successor = said.Successor ?? Successor,
        Origin = origin,
    };

    /// <summary>USD of one request, or null when the prices are not known.</summary>
    /// <param name="inputTokens">The whole prompt, cached part included.</param>
    /// <param name="outputTokens">What the provider bills as completion, reasoning included.</param>
    /// <param name="cachedTokens">The part of the prompt that was in the cache.</param>
    public decimal? Cost(long inputTokens, long outputTokens, long cachedTokens = 0)
    {
        if (PriceIn is not { } priceIn || PriceOut is not { } priceOut)
            return null;

        const decimal Million = 1_000_000m;
        var cached = Math.Clamp(cachedTokens, 0, Math.Max(inputTokens, 0));
        return ((inputTokens - cached) * priceIn + cached * (PriceCached ?? priceIn) + outputTokens * priceOut) / Million;
    }
}

/// <summary>Who says what is known of a model.</summary>
internal enum ModelOrigin
{
    /// <summary>The built-in table.</summary>
    Catalogue,

    /// <summary>The user, in <c>models.json</c> or in the providers file; nobody knows better.</summary>
    User,

    /// <summary>The provider, in its live list.</summary>
    LiveList,
}
